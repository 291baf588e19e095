"""The promises of the repository itself: light imports, pinned versions, nothing of one machine in it."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

HEAVY = {
    "adbc_driver_manager",
    "duckdb",
    "lightgbm",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pyspark",
    "scipy",
    "sklearn",
    "torch",
}

SCRIPTS = {
    "import": "import truenorth",
    "help": """\
from truenorth.cli import main
sys.argv = ["truenorth", "--help"]
try:
    main()
except SystemExit:
    pass""",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_no_heavy_library_is_loaded_by(script: str):
    program = f"import json, sys\n{script}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "truenorth" in loaded
    assert loaded & HEAVY == set()


def test_help_names_every_command():
    truenorth = Path(sys.executable).with_name("truenorth")
    done = subprocess.run([truenorth, "--help"], capture_output=True, text=True, check=True)
    for command in ("show", "schema", "sql", "simulate", "build"):
        assert re.search(rf"\b{command}\b", done.stdout)


def declared() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def installed_below(
    name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]
) -> Iterator[str]:
    """Yield every installed distribution that a distribution with these extras needs."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    try:
        requirements = distribution(name).requires or []
    except PackageNotFoundError:
        return
    yield name
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            below = canonicalize_name(requirement.name)
            yield from installed_below(below, frozenset(requirement.extras), seen)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_a_declared_range_admits_the_pinned_version(requirement: Requirement):
    if requirement.name != PROJECT["name"]:
        assert requirement.specifier, "a range, not any version"
        assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_everything_that_gets_installed_is_pinned():
    needed = set(installed_below("truenorth", frozenset({"dev"}), set()))
    assert {"duckdb", "pydantic-core", "pytest"} <= needed
    assert needed - {"truenorth"} - pins().keys() == set()


def tracked() -> list[Path]:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"the files of the repository are listed by git: {problem}")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written with character classes, so that this file does not match itself.
OF_ONE_MACHINE = re.compile(
    r"[p]ypi\.org|[f]iles\.pythonhosted|-[-](?:extra-)?index-url|-[-]find-links|/[w]ork/|/[r]oot/|/[h]ome/\w|[f]ile:///"
)


def test_no_registry_or_path_of_one_machine_is_in_the_repository():
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), start=1):
            if OF_ONE_MACHINE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "schema", "docs", "clean"])
def test_make_knows(target: str):
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout
