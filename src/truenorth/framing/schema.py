"""The JSON Schema of the file, for editors: short forms included, texts from the fields' docstrings."""

from __future__ import annotations

import json
from typing import Any

from truenorth.framing.framing import Framing

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def framing_schema() -> dict[str, Any]:
    """Return the JSON Schema of `framing.yaml`."""
    return {"$schema": DIALECT, **Framing.model_json_schema(mode="validation", by_alias=True)}


def schema_text() -> str:
    """Return the schema as the text that the repository holds."""
    return json.dumps(framing_schema(), indent=2, ensure_ascii=False) + "\n"
