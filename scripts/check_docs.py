"""Check what the documents promise: links and their chapters, framings, commands, codes and public names."""

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\S*/)?truenorth\s+([a-z][\w-]*)(.*)$", re.MULTILINE)
FLAG = re.compile(r"(?<!\S)--[a-z][\w-]*")


def pages() -> list[Path]:
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [page for page in top if page.exists()] + sorted((ROOT / "docs").rglob("*.md"))


def blocks(text: str, language: str) -> Iterator[tuple[int, str]]:
    """Yield the line of each fenced block of a language, and its text."""
    for match in BLOCK.finditer(text):
        if match[1] == language:
            yield text.count("\n", 0, match.start()) + 1, match[2]


def check_links(page: Path, text: str) -> Iterator[str]:
    prose = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    for match in LINK.finditer(prose):
        target = match[1].partition("#")[0]
        anchor = match[1].partition("#")[2]
        if ":" in target:
            continue
        place = page.parent / target if target else page
        is_there = place.exists() and (not anchor or place.suffix != ".md" or anchor in chapters(place))
        if not is_there:
            line = prose.count("\n", 0, match.start()) + 1
            yield f"{where(page, line)}: expected a link that resolves, got '{match[1]}'"


@functools.cache
def chapters(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as web pages make them."""
    prose = BLOCK.sub("", page.read_text())
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles)


def check_codes(page: Path, text: str) -> Iterator[str]:
    from truenorth.audit.rules import BUILT_IN
    from truenorth.framing.codes import CODES
    from truenorth.workflow.codes import CODES as OTHER_CODES

    known = CODES.keys() | OTHER_CODES.keys() | {rule.code for rule in BUILT_IN}
    families = {code.rstrip("0123456789") for code in known}
    for match in re.finditer(r"\b([A-Z]{3,})\d{3}\b", text):
        if match[1] in families and match[0] not in known:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{where(page, line)}: expected a code that exists, got '{match[0]}'"


def check_framings(page: Path, text: str) -> Iterator[str]:
    for line, block in blocks(text, "yaml"):
        first = next((row for row in block.splitlines() if row and not row.startswith("#")), "")
        if first.startswith("framing: 1"):
            try:
                load_framing(block)
            except Exception as problem:
                got = f"{type(problem).__name__}: {problem}"
                yield f"{where(page, line)}: expected a framing that loads, got {got}"


def load_framing(text: str) -> object:
    from truenorth.framing import load_text

    return load_text(text)


def check_commands(page: Path, text: str) -> Iterator[str]:
    for line, block in blocks(text, "bash"):
        for match in COMMAND.finditer(block.replace("\\\n", " ")):
            command, known = match[1], help_text(match[1])
            if not known:
                yield f"{where(page, line)}: expected a subcommand of truenorth, got '{command}'"
                continue
            for flag in FLAG.findall(match[2].partition(" #")[0]):
                if not re.search(rf"{flag}(?![\w-])", known):
                    yield f"{where(page, line)}: expected an option of 'truenorth {command}', got '{flag}'"


def check_targets(page: Path, text: str) -> Iterator[str]:
    targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line, block in blocks(text, "bash"):
        for target in re.findall(r"^\s*make\s+([a-z][\w-]*)", block, re.MULTILINE):
            if target not in targets:
                yield f"{where(page, line)}: expected a target of the Makefile, got '{target}'"


@functools.cache
def help_text(command: str) -> str:
    """Return what `truenorth COMMAND --help` prints, or nothing where there is no such command."""
    truenorth = Path(sys.executable).with_name("truenorth")
    plain = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run([truenorth, command, "--help"], env=plain, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def check_reference() -> Iterator[str]:
    import truenorth

    page = ROOT / "docs" / "reference.md"
    text = page.read_text() if page.exists() else ""
    for name in sorted(truenorth.__all__):
        if not re.search(rf"\b{name}\b", text):
            yield f"docs/reference.md: expected every public name, '{name}' is missing"


def where(page: Path, line: int) -> str:
    return f"{page.relative_to(ROOT)}:{line}"


CHECKS = (check_links, check_framings, check_commands, check_targets, check_codes)


def main() -> int:
    problems = list(check_reference())
    for page in pages():
        text = page.read_text()
        for check in CHECKS:
            problems += check(page, text)
    print("\n".join(problems) or f"{len(pages())} pages hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
