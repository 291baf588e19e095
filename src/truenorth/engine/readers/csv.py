"""CSV and other delimited text: every column is read as text, then typed by what all of its values are."""

from __future__ import annotations

import gzip
from csv import reader
from typing import Any

from sqlglot import exp

from truenorth.engine.duckdb import DuckDB
from truenorth.engine.failures import as_error, refused
from truenorth.engine.lowering import Tree, column, text
from truenorth.engine.readers.files import Part
from truenorth.engine.readers.scans import FILE_COLUMN, Job, literal, scan
from truenorth.engine.trees import alias, stored, try_cast
from truenorth.errors import DataError, suggest
from truenorth.framing.sources import Source

OPTIONS = {
    "delimiter": "delim",
    "header": "header",
    "names": "names",
    "skip": "skip",
    "quote": "quote",
    "encoding": "encoding",
    "null": "nullstr",
}
"""Names in the framing: names in DuckDB."""

_DELIMITERS = (",", ";", "\t", "|")
WHITESPACE = "whitespace"
"""`delimiter: whitespace` splits at runs of blanks."""

# leading zeros and more digits than the type can hold mark a name, not a number
_INTEGER = r"[+-]?(0|[1-9][0-9]{0,17})|[1-8][0-9]{18}"
_NUMBER = r"[+-]?((0|[1-9][0-9]{0,15})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|NaN|inf|Inf|Infinity)"
_BOOLEAN = r"true|false|True|False|TRUE|FALSE"
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"
_KINDS: tuple[tuple[str, str], ...] = (
    ("BOOLEAN", _BOOLEAN),
    ("BIGINT", _INTEGER),
    ("DOUBLE", _NUMBER),
    ("TIMESTAMP", _MOMENT),
)
"""Types in the order they are tried, each with what all values must look like; else a column is text."""


def query(job: Job) -> exp.Query:
    """Return the query that reads the files with a type for each column."""
    raw = f"text_{job.scratch}"
    _read_text(job.engine, raw, job.name, job.source, job.part)
    names = [one for one in job.engine.types(raw) if one != FILE_COLUMN]
    kinds = _kinds(job.engine, raw, [one for one in names if one not in job.as_text])
    items = [alias(_typed(column(one), kinds.get(one)), one) for one in names]
    return exp.select(*items, column(FILE_COLUMN)).from_(stored(raw))


def _read_text(engine: DuckDB, raw: str, name: str, source: Source, part: Part) -> None:
    """Keep every value as text; lines that end early are filled with NULL, which takes a slower parser."""
    if _is_whitespace(source):
        engine.create_table(raw, _whitespace(source, part))
        return
    settings = _settings(name, source, part)
    try:
        engine.create_table(raw, scan("read_csv", part.files, settings))
    except DataError:
        settings |= {"null_padding": exp.true(), "parallel": exp.false()}
        engine.create_table(raw, scan("read_csv", part.files, settings))


def _settings(name: str, source: Source, part: Part) -> dict[str, Tree]:
    settings: dict[str, Tree] = {
        "all_varchar": exp.true(),
        "auto_detect": exp.false(),
        "quote": text('"'),
        "escape": text('"'),
        "header": exp.Boolean(this="names" not in source.options),
    }
    for option, value in source.options.items():
        if option not in OPTIONS:
            raise _unknown(name, option)
        settings[OPTIONS[option]] = literal(_header(value) if option == "header" else value)
    first = _first_line(source, part)
    settings.setdefault("delim", text(max(_DELIMITERS, key=first.count)))
    names = source.options.get("names") or _split(first, settings)
    settings.pop("names", None)
    fields = [exp.PropertyEQ(this=text(str(one)), expression=text("VARCHAR")) for one in names]
    return settings | {"columns": exp.Struct(expressions=fields)}


def _split(line: str, settings: dict[str, Tree]) -> list[str]:
    """Return the names in the first line, or column0, column1, ... where it is no header."""
    words = next(reader([line], delimiter=settings["delim"].name, quotechar=settings["quote"].name or None))
    if settings["header"].this is False:
        return [f"column{index}" for index in range(len(words))]
    seen: dict[str, int] = {}
    names = []
    for index, word in enumerate(words):
        name = word.strip() or f"column{index}"
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        names.append(name if seen[name.lower()] == 1 else f"{name}_{seen[name.lower()]}")
    return names


def _first_line(source: Source, part: Part) -> str:
    encoding = str(source.options.get("encoding", "utf-8-sig"))
    path = part.files[0]
    opened = gzip.open if path.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding=encoding, newline=None) as file:
            for _ in range(int(source.options.get("skip", 0))):
                file.readline()
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeError, LookupError) as error:
        raise as_error(error, path) from error


def _is_whitespace(source: Source) -> bool:
    return source.options.get("delimiter") == WHITESPACE


def _whitespace(source: Source, part: Part) -> exp.Query:
    """Split each line at its blanks; the columns are those of `names`, or column0, column1, ..."""
    names = source.options.get("names")
    has_header = _header(source.options.get("header", names is None))
    skip = int(source.options.get("skip", 0)) + int(has_header)
    options: dict[str, Tree] = {"columns": _line(), "delim": text("\x01"), "skip": literal(skip)}
    options |= {"quote": text(""), "escape": text(""), "header": exp.false(), "auto_detect": exp.false()}
    lines = scan("read_csv", part.files, options)
    words = exp.Anonymous(
        this="string_split_regex", expressions=[exp.Trim(this=column("line")), text(r"\s+")]
    )
    columns = list(names or _first_line(source, part).split())
    items = [
        alias(exp.Anonymous(this="list_extract", expressions=[words.copy(), literal(index + 1)]), one)
        for index, one in enumerate(columns)
    ]
    return exp.select(*items, column(FILE_COLUMN)).from_(lines.subquery("lines"))


def _line() -> Tree:
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier("line"), expression=text("VARCHAR"))]
    )


def _header(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")


def _kinds(engine: DuckDB, raw: str, names: list[str]) -> dict[str, str]:
    """Return the first type that all values of a column look like, by one scan."""
    if not names:
        return {}
    items = [
        alias(_all_match(column(name), pattern), f"{index}_{kind}")
        for index, name in enumerate(names)
        for kind, pattern in _KINDS
    ]
    row = engine.fetch(exp.select(*items).from_(stored(raw))).to_pylist()[0]
    found = {}
    for index, name in enumerate(names):
        kind = next((kind for kind, _ in _KINDS if row[f"{index}_{kind}"]), None)
        if kind:
            found[name] = kind
    return found


def _all_match(value: Tree, pattern: str) -> Tree:
    matches = exp.Anonymous(this="regexp_full_match", expressions=[value, text(pattern)])
    return exp.Anonymous(this="bool_and", expressions=[matches])


def _typed(value: Tree, kind: str | None) -> Tree:
    return try_cast(value, kind) if kind else value


def _unknown(name: str, option: str) -> DataError:
    return refused(
        "LOG002",
        where=f"sources.{name}.options",
        evidence=f"expected an option of CSV files ({', '.join(OPTIONS)}), got {option!r}.",
        fix=suggest(option, list(OPTIONS), otherwise="take the option out"),
    )
