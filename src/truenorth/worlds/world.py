"""The contract of a world: what a kind of world declares, and what a finished world is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from truenorth.errors import DataError, Finding

START = datetime(2026, 1, 5, tzinfo=UTC)
"""The first moment of every world, a Monday."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A simulated log on disk, with its truth beside it."""

    name: str
    """Kind of the world, a key of `WORLDS`."""
    root: Path
    """Folder that holds everything below."""
    seed: int
    """Seed of every random number; the same seed and parameters give byte-equal tables."""
    parameters: Mapping[str, Any]
    """Sizes and rates, as the kind's parameters with every default filled in."""
    recorded_until: datetime
    """End of the simulation: what would become known at or after it is not in the log."""
    rows: Mapping[str, int]
    """Rows written, by table."""
    facts: Mapping[str, float]
    """Figures of this run that are true by construction, such as the realised KPI."""
    description: str
    """The closed description: every formula and constant of the mechanism."""

    @property
    def log(self) -> Path:
        """Folder of the event logs, one folder per table with one file per day."""
        return self.root / "log"

    @property
    def dimensions(self) -> Path:
        """Folder of the undated tables."""
        return self.root / "dim"

    @property
    def truth(self) -> Path:
        """Folder of what no product sees: hidden traits, probabilities, events that were not received."""
        return self.root / "truth"

    @property
    def framing(self) -> Path:
        """A framing over the log, its paths relative to the folder."""
        return self.root / "framing.yaml"

    def to_dict(self) -> dict[str, Any]:
        """Return the world as plain JSON values; `root` is left out, so that a folder can be moved."""
        values = {key: value for key, value in asdict(self).items() if key != "root"}
        return {**values, "start": START.isoformat(), "recorded_until": self.recorded_until.isoformat()}

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        return f"{self.name} world, seed {self.seed}: {rows} in {self.root}"


def load_world(root: str | Path) -> World:
    """Return the world that lies in a folder.

    Raises:
        DataError: If the folder holds no world.
    """
    page = Path(root) / "truth" / "description.json"
    if not page.is_file():
        raise refuse(
            str(root), "a folder that holds a world", "no truth/description.json", "make one with make_world"
        )
    values = json.loads(page.read_text())
    del values["start"]
    recorded_until = datetime.fromisoformat(values.pop("recorded_until"))
    return World(root=Path(root), recorded_until=recorded_until, **values)


@dataclass(frozen=True)
class Outcome:
    """What a simulation returns beside its files."""

    rows: Mapping[str, int]
    """Rows written, by table."""
    facts: Mapping[str, float]
    """Figures of this run."""


class Parameters(Protocol):
    """Sizes and rates of a kind of world: a frozen dataclass that refuses impossible values when built."""

    @property
    def days(self) -> int:
        """Length of the world in days."""


class Simulate(Protocol):
    """Writes `log/`, `dim/` and `truth/` of a world into a folder."""

    def __call__(self, folder: Path, parameters: Any, seed: int) -> Outcome:
        """Simulate into an existing, empty folder."""


class Write(Protocol):
    """Returns the text of a document about one run."""

    def __call__(self, parameters: Any, facts: Mapping[str, float]) -> str:
        """Return the text."""


@dataclass(frozen=True, kw_only=True)
class WorldKind:
    """One family of worlds: its parameters, its mechanism and its framing."""

    name: str
    """Name in `WORLDS`."""
    summary: str
    """One sentence: what is simulated and what is hard about it."""
    parameters: type[Any]
    """Class of the parameters, see `Parameters`."""
    simulate: Simulate
    """Writes the tables."""
    framing: Write
    """Returns the text of `framing.yaml`."""
    description: str
    """The closed description of the mechanism."""


def recorded_until(parameters: Parameters) -> datetime:
    """Return the end of a world: its start plus its days."""
    return START + timedelta(days=parameters.days)


@dataclass(frozen=True)
class Range:
    """Values that a parameter may have, both ends included."""

    kind: type
    low: float
    high: float

    def holds(self, value: object) -> bool:
        """Return whether `value` is of the right kind and inside."""
        numbers = (int,) if self.kind is int else (int, float)
        return isinstance(value, numbers) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        noun = "a whole number" if self.kind is int else "a number"
        return f"{noun} from {self.low:g} to {self.high:g}"


def check_parameters(world: str, parameters: Any, ranges: Mapping[str, Range]) -> None:
    """Refuse parameters outside their ranges, all of them at once; None means 'use the default'.

    Raises:
        DataError: With one finding per parameter that is out of range.
    """
    values = {field.name: getattr(parameters, field.name) for field in fields(parameters)}
    wrong = [
        problem(f"{world}.{name}", str(allowed), repr(values[name]), f"choose {name} as {allowed}")
        for name, allowed in ranges.items()
        if values[name] is not None and not allowed.holds(values[name])
    ]
    if wrong:
        raise DataError(wrong)


def problem(where: str, expected: str, got: str, fix: str) -> Finding:
    """Return the finding that a world cannot be made as asked."""
    return Finding(code="WORLD001", where=where, evidence=f"expected {expected}, got {got}.", fix=f"{fix}.")


def refuse(where: str, expected: str, got: str, fix: str) -> DataError:
    """Return the error that a world cannot be made as asked."""
    return DataError(problem(where, expected, got, fix))
