"""The framing's text as plain values, each with its line: YAML without YAML's surprises.

Keys may not repeat, scalars are read as written (`no`, `010` and `22:30` stay text), aliases may not
explode, and an expression that a comma has cut in two is mended and reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from truenorth.errors import Finding
from truenorth.framing.codes import CODES
from truenorth.framing.scalars import typed

Path = tuple[str | int, ...]

MAX_CHARACTERS = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 40
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "merge")}


@dataclass(frozen=True)
class Document:
    """A framing as it was written."""

    path: str
    """Name of the file, for messages; empty where there is none."""
    data: dict[str, Any]
    """The values, with scalars typed as written; empty where the text cannot be read."""
    lines: dict[Path, int] = field(repr=False)
    """Line of every key and list item, from 1."""
    columns: dict[Path, int] = field(repr=False)
    """Column of every key and list item, from 1."""
    problems: tuple[Finding, ...] = ()
    """What is wrong with the text itself."""

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest path above it that was written."""
        return self.lines.get(self.written(path), 1)

    def column(self, path: Path) -> int:
        """Return the column of a path, or of the nearest path above it that was written."""
        return self.columns.get(self.written(path), 1)

    def written(self, path: Path) -> Path:
        """Return the part of a path that stands in the text, passing over keys that only a long form has.

        A member of a family (`spend_7d`) stands where its family (`spend`) is written.
        """
        found: Path = ()
        for part in path:
            if (*found, part) in self.lines:
                found = (*found, part)
            elif found in (("labels",), ("features",)):
                found = self._family(found, str(part))
        return found

    def where(self, path: Path) -> str:
        """Return `file:line section.key` of a path; `section.key` alone where there is no file."""
        place = dotted(self._shown(path))
        if not self.path:
            return place or "framing"
        return f"{self.path}:{self.line(path)}" + (f" {place}" if place else "")

    def _shown(self, path: Path) -> Path:
        """Return a path with the names that are written: a family's for a member, none for a single table."""
        if path[:2] == ("examples", "examples") and path[:2] not in self.lines:
            return ("examples", *path[2:])
        named = self.written(path[:2])
        return (*named, *path[2:]) if len(named) == 2 else path

    def _family(self, section: Path, member: str) -> Path:
        names = [str(path[1]) for path in self.lines if len(path) == 2 and path[:1] == section]
        families = [name for name in names if member.startswith(name + "_")]
        return (*section, max(families, key=len)) if families else section


def dotted(path: Path) -> str:
    """Return a path as a reader writes it: `policy.rank.rules[0].per`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(text: str, *, path: str) -> Document:
    """Return the values of a YAML text with the line of each.

    Args:
        text: The file's text.
        path: Its name, for messages.
    """
    reader = _Reader(path)
    data = reader.read(text)
    return Document(path, data, reader.lines, reader.columns, tuple(reader.problems))


class _Reader:
    """Walks the composed YAML nodes once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[Path, int] = {}
        self.columns: dict[Path, int] = {}
        self.problems: list[Finding] = []
        self._open: set[int] = set()
        self._n_values = 0

    def read(self, text: str) -> dict[str, Any]:
        if len(text) > MAX_CHARACTERS:
            self._report("SPEC004", 1, f"expected at most {MAX_CHARACTERS:,} characters, got {len(text):,}.")
            return {}
        try:
            node = _ComposeToDepth(text).get_single_node()
            value = {} if node is None else self._value(node, ())
        except yaml.YAMLError as error:
            self._syntax(error, text.splitlines())
            return {}
        except _TooMuch as error:
            self._report("SPEC004", error.line, str(error))
            return {}
        if not isinstance(value, dict):
            self._report("SPEC001", 1, f"expected a map of sections, got {type(value).__name__}.")
            return {}
        return value

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._n_values += 1
        line = node.start_mark.line + 1
        if self._n_values > MAX_VALUES:
            raise _TooMuch(
                f"expected at most {MAX_VALUES:,} values, got more; aliases count each time.", line
            )
        if len(path) > MAX_DEPTH:
            raise _TooMuch(f"expected at most {MAX_DEPTH} levels, got more.", line)
        if id(node) in self._open:
            raise _TooMuch("expected aliases without a circle, got one that holds itself.", line)
        if node.tag not in _PLAIN_TAGS:
            self._report("SPEC001", line, f"expected a plain value, got the tag {node.tag!r}.", path)
        if isinstance(node, yaml.ScalarNode):
            return typed(node.value) if node.style is None else node.value
        self._open.add(id(node))
        value = self._map(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        self._open.discard(id(node))
        return value

    def _map(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        pairs = self._merged(node, path)
        for key, item in self._mended(pairs, path) if node.flow_style else pairs:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            line = key.start_mark.line + 1
            if name is None:
                self._report("SPEC001", line, "expected a word as key, got a list or map.", path)
            elif name in values:
                first = self.lines.get((*path, name), line)
                evidence = f"expected each key once, got {name!r} on line {first} and again."
                self._report("SPEC002", line, evidence, (*path, name))
            else:
                self._mark((*path, name), key)
                values[name] = self._value(item, (*path, name))
        return values

    def _merged(self, node: yaml.MappingNode, path: Path) -> list[tuple[yaml.Node, yaml.Node]]:
        """Spell out `<<: *alias`; what is written beside it wins."""
        own = [(key, item) for key, item in node.value if not _is_merge(key)]
        taken = {key.value for key, _ in own}
        pairs = []
        for _, item in ((key, item) for key, item in node.value if _is_merge(key)):
            for other in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                if not isinstance(other, yaml.MappingNode) or id(other) in self._open:
                    self._report("SPEC001", node.start_mark.line + 1, "expected a map after '<<'.", path)
                    continue
                self._n_values += len(other.value)
                if self._n_values > MAX_VALUES:
                    raise _TooMuch(
                        f"expected at most {MAX_VALUES:,} values, got more by merging.",
                        node.start_mark.line + 1,
                    )
                self._open.add(id(other))
                fresh = [pair for pair in self._merged(other, path) if pair[0].value not in taken]
                self._open.discard(id(other))
                taken |= {key.value for key, _ in fresh}
                pairs += fresh
        return own + pairs

    def _mended(
        self, pairs: list[tuple[yaml.Node, yaml.Node]], path: Path
    ) -> list[tuple[yaml.Node, yaml.Node]]:
        """Join an expression that unquoted commas have cut: `{sql: greatest(a, b)}` has a key `b)`."""
        mended: list[tuple[yaml.Node, yaml.Node]] = []
        for key, item in pairs:
            if mended and _is_cut(mended[-1][1]) and isinstance(key, yaml.ScalarNode) and _is_absent(item):
                whole = _joined(mended[-1][1], key)
                mended[-1] = (mended[-1][0], whole)
                if not _is_cut(whole):
                    self._report_cut(whole, (*path, mended[-1][0].value))
            else:
                mended.append((key, item))
        return mended

    def _list(self, node: yaml.Node, path: Path) -> list[Any]:
        items: list[yaml.Node] = []
        for item in node.value:
            if node.flow_style and items and _is_cut(items[-1]) and isinstance(item, yaml.ScalarNode):  # type: ignore[attr-defined]
                items[-1] = _joined(items[-1], item)
                if not _is_cut(items[-1]):
                    self._report_cut(items[-1], (*path, len(items) - 1))
            else:
                items.append(item)
        values = []
        for index, item in enumerate(items):
            self._mark((*path, index), item)
            values.append(self._value(item, (*path, index)))
        return values

    def _mark(self, path: Path, node: yaml.Node) -> None:
        self.lines[path] = node.start_mark.line + 1
        self.columns[path] = node.start_mark.column + 1

    def _report_cut(self, node: yaml.Node, path: Path) -> None:
        evidence = f"expected a quoted expression, got {node.value!r} cut in two at its comma."
        key = "" if isinstance(path[-1], int) else f"{path[-1]}: "
        fix = f'quote it: {key}"{node.value}"'
        self._report("SPEC003", node.start_mark.line + 1, evidence, path, fix=fix)

    def _syntax(self, error: yaml.YAMLError, lines: list[str]) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else 1
        problem = str(getattr(error, "problem", None) or error).split("\n")[0]
        text = lines[line - 1] if line <= len(lines) else ""
        if re.search(r"[{\[].*\([^)'\"]*['\"]?[^)'\"]*['\"]?,", text) and "expected ',' or" in problem:
            evidence = f"expected a quoted expression, got one that is cut at its comma ({problem})."
            self._report("SPEC003", line, evidence, fix="quote it: where: \"action in ('a', 'b')\"")
            return
        column = f", column {mark.column + 1}" if mark else ""
        self._report("SPEC001", line, f"expected YAML, got {text.strip()[:80]!r}{column} ({problem}).")

    def _report(self, code: str, line: int, evidence: str, path: Path = (), *, fix: str = "") -> None:
        place = dotted(path)
        where = f"{self.path}:{line}" + (f" {place}" if place else "")
        self.problems.append(
            Finding(code=code, where=where, evidence=evidence, fix=(fix or CODES[code].fix) + ".", path=path)
        )


class _ComposeToDepth(yaml.BaseLoader):
    """Composes nodes without typing them, and stops where they are nested too deep."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise _TooMuch(f"expected at most {MAX_DEPTH} levels, got more.", line)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _TooMuch(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None


def _is_absent(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value == ""


def _is_cut(node: yaml.Node) -> bool:
    """Whether a plain scalar has an open bracket."""
    return (
        isinstance(node, yaml.ScalarNode)
        and node.style is None
        and node.value.count("(") > node.value.count(")")
    )


def _joined(start: yaml.Node, end: yaml.Node) -> yaml.ScalarNode:
    return yaml.ScalarNode(
        start.tag, f"{start.value}, {end.value}", start.start_mark, end.end_mark, style=None
    )
