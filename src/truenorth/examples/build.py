"""The verb: from a framing and its logs to examples tables, with what was removed and what they hold.

Sources become relations, the first relation holds one row per example, and each following step adds columns:
parts of the split, features, labels. The last query writes the table; the profile reads what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truenorth.engine.contract import Engine, EngineName, EngineSettings, open_engine
from truenorth.engine.pipeline import Step
from truenorth.errors import Finding
from truenorth.examples.attrition import Removal
from truenorth.examples.plan import Plan, Request, make_plan
from truenorth.examples.profile import Profile, check_profile, profile_of
from truenorth.examples.stopwatch import Stopwatch
from truenorth.framing.canonical import expand, framing_hash
from truenorth.framing.periods import Moment

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Built:
    """What a build made."""

    name: str
    """Name of the framing."""
    framing_hash: str
    as_of: int
    """When everything is read, microseconds UTC."""
    paths: Mapping[str, Path]
    """File of each examples table; the first is the one decided on."""
    attrition: tuple[Removal, ...]
    """What was removed on the way to the first table."""
    profile: dict[str, Any]
    """What the tables hold: counts, maturity, lags, missing values."""
    findings: tuple[Finding, ...] = ()
    """Errors stand in the way of use: nothing matured, one class, no test rows. The rest is to be known."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time by stage: plan (sources read and measured), table (computed and written), profile."""
    steps: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def examples(self) -> pa.Table:
        """The first examples table."""
        import pyarrow.parquet as pq

        return pq.read_table(next(iter(self.paths.values())))

    @property
    def is_usable(self) -> bool:
        """Whether nothing stands in the way of training on it."""
        return not any(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "name": self.name,
            "framing_hash": self.framing_hash,
            "as_of": str(Moment(self.as_of)),
            "examples": {name: path.name for name, path in self.paths.items()},
            "attrition": [
                dict(zip(("step", "removed", "left"), removal, strict=True)) for removal in self.attrition
            ],
            "labels": {name: table["labels"] for name, table in self.profile["tables"].items()},
            "findings": [finding.to_dict() for finding in self.findings],
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }


def build_examples(
    request: Request, out: Path, *, engine: EngineName = "duckdb", settings: EngineSettings | None = None
) -> Built:
    """Build every examples table of a framing into a folder.

    Args:
        request: The framing, where its logs are, and when they are read.
        out: Folder for `examples.parquet` and `profile.json`; made where it is missing.
        engine: `duckdb` or `spark`.
        settings: Threads, memory, spill folder, cluster address, progress.

    Returns:
        The tables' files, the attrition, the profile, and findings where they cannot be used as they are.

    Raises:
        FramingError: If the framing names what the logs do not have.
        DataError: If a log is missing or breaks a declared rule.
    """
    request = replace(request, framing=expand(request.framing))
    out.mkdir(parents=True, exist_ok=True)
    clock = Stopwatch()
    with open_engine(engine, settings) as opened:
        plan = make_plan(opened, request, dialect=opened.dialect, is_dry=False)
        clock.lap("plan")
        paths: dict[str, Path] = {}
        profiles: dict[str, Profile] = {}
        for name, planned in plan.tables.items():
            path = out / ("examples.parquet" if not paths else f"examples.{name}.parquet")
            opened.write_parquet(planned.query, path)
            clock.lap("table")
            paths[name] = path
            profiles[name] = profile_of(opened, path, planned.shape, planned.parts, plan.trained)
            clock.lap("profile")
    return _result(request, plan, paths, profiles, out, clock.seconds)


def plan_steps(request: Request, engine: Engine, *, dialect: str) -> list[Step]:
    """Return the queries a build would run, each with the reason for its form; logs are only measured."""
    request = replace(request, framing=expand(request.framing))
    plan = make_plan(engine, request, dialect=dialect, is_dry=True)
    steps: list[Step] = []
    for name, planned in plan.tables.items():
        last = Step(
            name=f"{name}_table",
            query=planned.query,
            reason="the examples table as it is written",
            is_table=False,
        )
        steps += [*planned.steps, last]
    return steps


def _result(
    request: Request,
    plan: Plan,
    paths: dict[str, Path],
    profiles: dict[str, Profile],
    out: Path,
    seconds: dict[str, float],
) -> Built:
    first = next(iter(plan.tables))
    profile = {
        "framing": request.framing.name,
        "framing_hash": framing_hash(request.framing),
        "as_of": str(Moment(plan.as_of)),
        "trained": sorted(plan.trained),
        "findings": [finding.to_dict() for finding in (*request.findings, *plan.findings)],
        "sources": {name: table.report.to_dict() for name, table in plan.sources.items()},
        "attrition": {
            name: [dict(zip(("step", "removed", "left"), one, strict=True)) for one in table.attrition]
            for name, table in plan.tables.items()
        },
        "tables": {name: one.to_dict() for name, one in profiles.items()},
    }
    _write_json(profile, out / "profile.json")
    return Built(
        name=request.framing.name,
        framing_hash=framing_hash(request.framing),
        as_of=plan.as_of,
        paths=paths,
        attrition=plan.tables[first].attrition,
        profile=profile,
        findings=(
            *request.findings,
            *plan.findings,
            *(
                found
                for name, one in profiles.items()
                for found in check_profile(
                    one, request.framing.split if name == first else None, plan.trained
                )
            ),
        ),
        seconds=seconds,
        steps=tuple(step for table in plan.tables.values() for step in table.steps),
    )


def _write_json(value: Any, path: Path) -> None:
    import json
    import os

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1, default=str, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)
