"""The audit teaches: the first ten messages about a bare framing are mended by pasting what they say."""

import re
from pathlib import Path
from typing import Any

import yaml

from truenorth.audit import Audit, audit_file

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
BARE = next(block for block in BLOCKS if "framing: 1" in block)
FIRST = 10


def pasted(document: dict[str, Any], path: tuple[Any, ...], fix: str) -> None:
    """Put the fix of a finding where it points: beside the key that is missing, or as the section."""
    mend = read(fix)
    here: Any = document
    for key in path[:-1] if path[0] not in mend else ():
        here = here.setdefault(key, {})
    merge(here, mend)


def read(fix: str) -> dict[str, Any]:
    """Read a fix as lines of a file, or as keys inside braces, as both styles of the file would take it."""
    for text in (fix, f"{{{fix}}}"):
        try:
            made = yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        if isinstance(made, dict):
            return made
    raise AssertionError(f"{fix!r} is nothing to paste")


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def audited(document: dict[str, Any], folder: Path) -> Audit:
    file = folder / "framing.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False, width=400))
    return audit_file(file)


def test_the_first_ten_messages_are_mended_by_what_they_say(tmp_path: Path):
    document = yaml.safe_load(BARE)
    told = audited(document, tmp_path).findings[:FIRST]
    assert len(told) == FIRST
    assert told[0].severity == "error"
    for finding in told:
        pasted(document, finding.path, finding.fix)
    after = audited(document, tmp_path)
    assert {finding.code for finding in told} & {finding.code for finding in after.findings} == set()
    assert after.gate == "pass"
    assert len(after.findings) < len(audited(yaml.safe_load(BARE), tmp_path).findings)
