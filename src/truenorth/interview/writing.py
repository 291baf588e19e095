"""The text of a draft: sections in the order of the language, notes and open questions beside their keys."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

import yaml

from truenorth.documents.reading import one_line
from truenorth.framing.framing import Framing
from truenorth.framing.section import Section
from truenorth.interview.answers import PlainDumper
from truenorth.interview.draft import Draft, Note
from truenorth.interview.paths import is_within

WIDTH = 110
SECTIONS = tuple(field.alias or name for name, field in Framing.model_fields.items())
"""Sections in the order of the language."""


def _keys_of(section: str) -> tuple[str, ...]:
    """Return the keys of a section in the order of the language; none where they are names of the author."""
    annotation = Framing.model_fields[section].annotation
    kinds = [annotation, *get_args(annotation)]
    model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)
    if model is None or get_origin(annotation) is dict:
        return ()
    return tuple(field.alias or name for name, field in model.model_fields.items())


def framing_text(draft: Draft) -> str:
    """Return the framing of a draft as YAML; it loads if and only if the draft is valid."""
    lines = list(_head(draft))
    for section in SECTIONS:
        notes = [note for note in draft.notes if is_within(note.place, section)]
        lines += _section(section, draft.data.get(section), notes)
    return "\n".join(lines) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    n_open = len(draft.open_questions)
    yield "# yaml-language-server: $schema=framing.schema.json"
    yield f"# Written by truenorth interview; {n_open} question{'s' if n_open != 1 else ''} open."
    for found in draft.missing:
        yield from _comments([Note("", f"Missing: {found.where}; {found.fix}")], "")


def _section(name: str, value: Any, notes: list[Note]) -> Iterator[str]:
    """Yield a section whose keys stand on lines of their own, each under its notes."""
    if value is None:
        yield from _comments(notes, "")
        return
    if not isinstance(value, Mapping):
        yield from _comments(notes, "")
        yield from _entry(name, value, "")
        return
    yield from _comments((note for note in notes if note.place == name), "")
    yield f"{name}:" if value else f"{name}: {{}}"
    for key, item in _ordered(name, value):
        yield from _comments((note for note in notes if is_within(note.place, f"{name}.{key}")), "  ")
        yield from _entry(key, item, "  ")
    absent = [note for note in notes if note.place != name and _key(note) not in value]
    yield from _comments(absent, "  " if value else "")


def _ordered(section: str, value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    order = _keys_of(section)
    return sorted(value.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


def _key(note: Note) -> str:
    return note.place.split(".")[1]


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    """Yield a key with its value: plain values and short maps on one line, the rest as a block."""
    text = yaml.dump(
        {key: value}, Dumper=PlainDumper, sort_keys=False, default_flow_style=_flow(value),
        allow_unicode=True, width=WIDTH - len(indent),
    )  # fmt: skip
    yield from (indent + line for line in text.strip().splitlines())


def _flow(value: Any) -> bool | None:
    """Return how YAML shall write a value: False as a block, None on one line where it is short and flat.

    A plain value would be put in braces by None, and a long list of sentences would be hard to read.
    """
    if isinstance(value, list | tuple):
        sentences = [item for item in value if isinstance(item, str)]
        return False if sum(map(len, sentences)) > WIDTH else None
    return None if isinstance(value, Mapping) else False


def _comments(notes: Iterable[Note], indent: str) -> Iterator[str]:
    for note in notes:
        first = f"{indent}# open: " if note.is_open else f"{indent}# "
        yield from textwrap.wrap(
            " ".join(one_line(note.text).split()), WIDTH, initial_indent=first,
            subsequent_indent=f"{indent}#   ", break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
