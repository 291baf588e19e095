"""A canvas as a file: Markdown that people fill in, JSON and YAML for programs; out and in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from truenorth.errors import Finding, FramingError, near_names
from truenorth.framing.document import read_document
from truenorth.interview.answers import PlainDumper
from truenorth.interview.canvas import CANVAS, Canvas


def write_canvas(canvas: Canvas, ending: str) -> str:
    """Return a canvas as text.

    Args:
        canvas: What it says.
        ending: `.md`, `.json` or `.yaml`.

    Raises:
        FramingError: If there is no such form.
    """
    if ending == ".json":
        return json.dumps(canvas.to_dict(), indent=2, ensure_ascii=False) + "\n"
    if ending in (".yaml", ".yml"):
        return yaml.dump(canvas.to_dict(), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=110)
    if ending == ".md":
        return "\n".join(_markdown(canvas)) + "\n"
    raise FramingError(
        _unreadable(f"canvas{ending}", f"expected .md, .json or .yaml, got {ending or 'none'!r}.")
    )


def _markdown(canvas: Canvas) -> Iterator[str]:
    yield "# Machine-learning canvas"
    for name, part in CANVAS.items():
        yield from ("", f"## {part.title}", "", f"*{part.asks}*", "")
        for path, value in canvas.values.get(name, {}).items():
            yield f"- {path}: {_one_line(value)}"
        if canvas.words.get(name):
            yield canvas.words[name]


def _one_line(value: Any) -> str:
    """Return a value as YAML on one line, as the reader of a framing reads it back."""
    flow = yaml.dump(
        [value], Dumper=PlainDumper, sort_keys=False, default_flow_style=True, allow_unicode=True,
        width=float("inf"),
    )  # fmt: skip
    return flow.strip().removeprefix("[").removesuffix("]")


def read_canvas(path: Path) -> Canvas:
    """Read a canvas from Markdown, JSON or YAML.

    Raises:
        FramingError: If it cannot be read, or has no field of the canvas.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FramingError(_unreadable(str(path), f"expected a canvas, got: {reason}.")) from None
    fields = _from_markdown(text, str(path)) if path.suffix == ".md" else _from_plain(text, path)
    if not fields:
        raise FramingError(_unreadable(str(path), "expected at least one field of the canvas, got none."))
    return Canvas(
        {name: values for name, (values, _) in fields.items() if values},
        {name: words for name, (_, words) in fields.items() if words},
    )


Fields = dict[str, tuple[dict[str, Any], str]]


def _from_plain(text: str, path: Path) -> Fields:
    document = read_document(text, path=str(path))
    if document.problems:
        raise FramingError(document.problems)
    entries = document.data.get("fields", document.data)
    entries = entries if isinstance(entries, dict) else {}
    named = {_field(name): entry for name, entry in entries.items()}
    return {
        name: _plain_field(entry) for name, entry in named.items() if name and _plain_field(entry) != ({}, "")
    }


def _plain_field(entry: Any) -> tuple[dict[str, Any], str]:
    """Return keys and words of a field: a map with both, a list of words, or words alone."""
    if isinstance(entry, dict):
        values = entry.get("values")
        return dict(values) if isinstance(values, dict) else {}, str(entry.get("words") or "")
    if isinstance(entry, list):
        return {}, " ".join(str(item) for item in entry)
    return {}, "" if entry is None else str(entry)


def _from_markdown(text: str, path: str) -> Fields:
    chapters = re.split(r"^#{1,6}\s+(.+?)\s*$", text, flags=re.MULTILINE)
    named = {_field(title): body for title, body in zip(chapters[1::2], chapters[2::2], strict=True)}
    return {name: _markdown_field(body, path) for name, body in named.items() if name}


_KEY = re.compile(r"^- ([a-z_]+(?:\.[a-z0-9_]+)*): (.*)$")


def _markdown_field(body: str, path: str) -> tuple[dict[str, Any], str]:
    values: dict[str, Any] = {}
    words = []
    for line in (line.strip() for line in body.splitlines()):
        key = _KEY.match(line)
        if key and _holder(key[1]):
            values[key[1]] = _read(key[2], path)
        elif line and not re.fullmatch(r"\*.*\*", line):  # what the field asks stands in italics
            words.append(line.lstrip("-* "))
    return values, " ".join(words)


def _read(text: str, path: str) -> Any:
    document = read_document(f"value: {text}", path=path)
    if any(found.code != "SPEC003" for found in document.problems):
        raise FramingError(document.problems)
    return document.data["value"]


def _holder(path: str) -> bool:
    return any(path in part.paths for part in CANVAS.values())


def _field(title: str) -> str | None:
    """Return the field that a title names, as the canvas has it or nearly so."""
    name = re.sub(r"[^a-z]+", "_", title.lower()).strip("_")
    near = near_names({"ml_task": "prediction_task"}.get(name, name), CANVAS, limit=1)
    return near[0] if near else None


def _unreadable(where: str, evidence: str) -> Finding:
    fix = "truenorth canvas export FILE --to canvas.md writes one with every field."
    return Finding(code="INTERVIEW008", where=where, evidence=evidence, fix=fix)
