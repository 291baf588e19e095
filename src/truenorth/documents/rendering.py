"""Templates of the package: escaped by default, and strict about names that do not exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

_HERE = Path(__file__).parent
_JOINT = re.compile(r"(?<=[A-Za-z])([_(/@])(?=[A-Za-z<])")


@cache
def environment() -> Environment:
    """Return the environment in which every document is written."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    made.filters["id"] = id
    made.filters["breakable"] = breakable
    return made


@cache
def package_text(name: str) -> str:
    """Return a text file of the package, with line ends that do not depend on the system."""
    return (_HERE / name).read_bytes().decode("utf-8").replace("\r\n", "\n")


def breakable(text: str) -> Markup:
    """Return escaped text in which a long name may wrap after its joints.

    Examples:
        >>> breakable("recall(<b>)")
        Markup('recall(<wbr>&lt;b&gt;)')
    """
    # Splitting by a group puts the joints at the odd places.
    return Markup("").join(
        escape(part) + (Markup("<wbr>") if index % 2 else "") for index, part in enumerate(_JOINT.split(text))
    )
