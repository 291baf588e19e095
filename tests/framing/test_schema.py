"""The JSON Schema: held by the repository, and true of every framing as it is written."""

import json
import re

import pytest

from tests.framing.texts import CARD_FRAUD, FRAMINGS, ROOT, replaced
from truenorth.framing.document import read_document
from truenorth.framing.schema import framing_schema, schema_text

SCHEMA = framing_schema()
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def fits(value, schema):
    """Whether a value fits a JSON Schema, for the keywords that ours uses."""
    return not list(misfits(value, schema))


def misfits(value, schema):
    unknown = schema.keys() - KEYWORDS.keys() - NOTES
    assert not unknown, f"the checker does not know {unknown}"
    for keyword, wanted in schema.items():
        if keyword in KEYWORDS and not KEYWORDS[keyword](value, wanted, schema):
            yield keyword


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def has_type(value, wanted, _):
    names = wanted if isinstance(wanted, list) else [wanted]
    checks = {"number": is_number(value), "integer": is_number(value) and value == int(value)}
    return any(checks[name] if name in checks else isinstance(value, TYPES[name]) for name in names)


def has_properties(value, wanted, schema):
    if not isinstance(value, dict):
        return True
    others = schema.get("additionalProperties", True)
    extra = value.keys() - wanted.keys()
    if others is False and extra:
        return False
    rest = all(fits(value[key], others) for key in extra) if isinstance(others, dict) else True
    return rest and all(fits(value[key], wanted[key]) for key in value.keys() & wanted.keys())


NOTES = {"title", "description", "examples", "default", "$defs", "$schema"}
KEYWORDS = {
    "$ref": lambda value, wanted, _: fits(value, SCHEMA["$defs"][wanted.removeprefix("#/$defs/")]),
    "anyOf": lambda value, wanted, _: any(fits(value, option) for option in wanted),
    "type": has_type,
    "enum": lambda value, wanted, _: value in wanted,
    "const": lambda value, wanted, _: value == wanted,
    "properties": has_properties,
    "additionalProperties": lambda value, wanted, schema: (
        "properties" in schema or has_properties(value, {}, schema)
    ),
    "propertyNames": lambda value, wanted, _: (
        not isinstance(value, dict) or all(fits(key, wanted) for key in value)
    ),
    "required": lambda value, wanted, _: not isinstance(value, dict) or value.keys() >= set(wanted),
    "items": lambda value, wanted, _: (
        not isinstance(value, list) or all(fits(item, wanted) for item in value)
    ),
    "pattern": lambda value, wanted, _: not isinstance(value, str) or re.search(wanted, value) is not None,
    "format": lambda value, wanted, _: wanted in ("date",),
    "minimum": lambda value, wanted, _: not is_number(value) or value >= wanted,
    "maximum": lambda value, wanted, _: not is_number(value) or value <= wanted,
    "exclusiveMinimum": lambda value, wanted, _: not is_number(value) or value > wanted,
    "exclusiveMaximum": lambda value, wanted, _: not is_number(value) or value < wanted,
    "minLength": lambda value, wanted, _: not isinstance(value, str) or len(value) >= wanted,
    "minItems": lambda value, wanted, _: not isinstance(value, list) or len(value) >= wanted,
    "minProperties": lambda value, wanted, _: not isinstance(value, dict) or len(value) >= wanted,
    "maxProperties": lambda value, wanted, _: not isinstance(value, dict) or len(value) <= wanted,
}


def test_the_repository_holds_the_schema():
    assert (ROOT / "schema" / "framing.schema.json").read_text() == schema_text()


@pytest.mark.parametrize("file", FRAMINGS, ids=lambda file: file.stem)
def test_a_framing_as_it_is_written_fits_the_schema(file):
    data = read_document(file.read_text(), path=file.name).data
    assert fits(data, SCHEMA), sorted(key for key in data if not fits(data[key], SCHEMA["properties"][key]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("time: called_at", "tmie: called_at"),
        ("within: 7d", "within: 7 dayz"),
        ("direction: down", "direction: dwon"),
        ("examples: {source", "examples: {sorce"),
        ("  goal: Lose less money to card fraud\n", ""),
    ],
)
def test_a_mistake_does_not_fit_the_schema(old, new):
    assert fits(read_document(CARD_FRAUD, path="x").data, SCHEMA)
    assert not fits(read_document(replaced(old, new), path="x").data, SCHEMA)


def test_every_field_of_the_schema_says_what_it_is():
    json.dumps(SCHEMA)
    objects = [SCHEMA, *SCHEMA["$defs"].values()]
    objects += [option for schema in objects for option in schema.get("anyOf", [])]
    silent = [
        f"{schema['title']}.{name}"
        for schema in objects
        for name, field in schema.get("properties", {}).items()
        if "title" in schema
        and "description" not in {**SCHEMA["$defs"].get(field.get("$ref", "")[8:], {}), **field}
    ]
    assert silent == []
