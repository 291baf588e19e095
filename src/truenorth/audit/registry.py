"""The table of rules: those of True North, and those that other packages bring along.

A package adds rules by an entry point of the group `truenorth.rules` that leads to a rule or to a list of
rules. A code that is taken, or a rule without its documentation, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points

from truenorth.audit.contract import CHAPTERS, Rule
from truenorth.audit.rules import BUILT_IN
from truenorth.errors import EngineError, Finding, FramingError, suggest

GROUP = "truenorth.rules"


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule, the built-in ones first.

    Raises:
        EngineError: If a package brings a rule that cannot be taken.
    """
    return (*BUILT_IN, *_checked(_brought(), {rule.code for rule in BUILT_IN}))


def find_rule(code: str) -> Rule:
    """Return the rule of a code, whatever its case.

    Raises:
        FramingError: If there is none, with the near ones.
    """
    known = {rule.code: rule for rule in rules()}
    if code.upper() in known:
        return known[code.upper()]
    evidence = f"expected the code of a rule, got {code!r}."
    fix = suggest(code.upper(), [*known], otherwise="truenorth explain lists every rule.")
    raise FramingError(Finding(code="AUDIT002", where="truenorth explain", evidence=evidence, fix=fix))


def selected(select: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules whose code begins with one of the given texts; all of them where none is given.

    Raises:
        FramingError: If a text selects nothing.
    """
    wanted = [one.strip().upper() for one in select if one.strip()]
    if not wanted:
        return rules()
    for one in wanted:
        if not any(rule.code.startswith(one) for rule in rules()):
            sections = sorted({rule.section for rule in rules()})
            evidence = f"expected the beginning of a rule's code, got {one!r}."
            fix = suggest(one, sections, otherwise=f"use one of {', '.join(sections)}.")
            raise FramingError(Finding(code="AUDIT002", where="--select", evidence=evidence, fix=fix))
    return tuple(rule for rule in rules() if any(rule.code.startswith(one) for one in wanted))


def _brought() -> Iterator[tuple[str, Rule]]:
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        loaded = entry.load()
        for rule in [loaded] if isinstance(loaded, Rule) else loaded:
            yield entry.value, rule


def _checked(brought: Iterable[tuple[str, Rule]], taken: set[str]) -> Iterator[Rule]:
    for place, rule in brought:
        if not isinstance(rule, Rule):
            raise _refused(place, f"a rule, got {type(rule).__name__}", "make it with truenorth.audit.rule.")
        if rule.code in taken:
            raise _refused(place, f"a code of its own, got {rule.code}", "give the rule another code.")
        missing = [title for title in CHAPTERS if title not in rule.chapters]
        if missing:
            wanted = f"a docstring with every chapter, got {rule.code} without {', '.join(missing)}"
            raise _refused(place, wanted, "write the chapters into the docstring of the rule's function.")
        taken.add(rule.code)
        yield rule


def _refused(place: str, wanted: str, fix: str) -> EngineError:
    return EngineError(Finding(code="AUDIT003", where=place, evidence=f"expected {wanted}.", fix=fix))
