"""The verb: from a framing and its logs to examples tables, with what was removed and what they hold.

Sources become relations, the first relation holds one row per example, and each following step adds columns:
parts of the split, features, labels. The last query writes the table; the profile reads what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from truenorth.engine.contract import Engine, EngineName, EngineSettings, open_engine
from truenorth.engine.ingest import SourceTable, read_sources
from truenorth.engine.lowering import Tree, column, lower, number
from truenorth.engine.pipeline import Pipeline, Step
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import Frame
from truenorth.errors import Finding
from truenorth.examples.attrition import Removal, count_removed, started, stays
from truenorth.examples.calendar import calendar_base, register_steps, register_times
from truenorth.examples.features import add_features
from truenorth.examples.labels import add_labels
from truenorth.examples.matching import add_matches
from truenorth.examples.members import Classes, members, read_classes
from truenorth.examples.needed import check_event_columns, locate, needed_columns
from truenorth.examples.parts import Parts, resolve
from truenorth.examples.profile import Profile, check_profile, profile_of
from truenorth.examples.rows import Base, rows_base, time_columns
from truenorth.examples.splitting import add_parts
from truenorth.examples.stopwatch import Stopwatch
from truenorth.examples.table import Shape, read_row, with_largest_score, written
from truenorth.features.contract import FeatureContext
from truenorth.features.own import Row
from truenorth.features.timing import look_backs, refresh_columns
from truenorth.framing.canonical import expand, framing_hash
from truenorth.framing.examples import ExampleTable
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.horizon import horizon, with_dependencies
from truenorth.framing.labels import Label
from truenorth.framing.names import tasks
from truenorth.framing.periods import Moment
from truenorth.labels.contract import SHOWN, LabelContext, Reading

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
    """What stands in the way of using it: nothing matured, one class, no test rows."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time by stage: plan (sources read and measured), table (computed and written), profile."""
    steps: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def examples(self) -> pa.Table:
        """The first examples table."""
        import pyarrow.parquet as pq

        return pq.read_table(next(iter(self.paths.values())))

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


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a build is asked for."""

    framing: Framing
    base: Path
    """Folder that the framing's paths start from."""
    as_of: int | None = None
    """When everything is read, microseconds UTC; by default the latest end of what the sources cover."""
    fold: int = 0
    """Rolling fold; 0 is the latest."""
    frames: Mapping[str, Any] = field(default_factory=dict)
    """Arrow, pandas or polars frames by source name."""


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
        plan = _plan(opened, request, dialect=opened.dialect, is_dry=False)
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
    plan = _plan(engine, request, dialect=dialect, is_dry=True)
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


@dataclass(frozen=True)
class _Table:
    """One planned examples table."""

    query: exp.Query
    shape: Shape
    parts: Parts
    attrition: tuple[Removal, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class _Plan:
    as_of: int
    sources: Mapping[str, SourceTable]
    tables: Mapping[str, _Table]
    trained: frozenset[str]


def _result(
    request: Request,
    plan: _Plan,
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
        findings=tuple(check_profile(profiles[first], request.framing.split, plan.trained)),
        seconds=seconds,
        steps=tuple(step for table in plan.tables.values() for step in table.steps),
    )


def _write_json(value: Any, path: Path) -> None:
    import json
    import os

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1, default=str, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def _plan(engine: Engine, request: Request, *, dialect: str, is_dry: bool) -> _Plan:
    framing = request.framing
    sources = read_sources(
        engine,
        framing.sources,
        base=request.base,
        frames=request.frames,
        names=_used(framing),
        allow_empty=True,
    )
    classes = read_classes(framing.labels, request.base)
    as_of = request.as_of if request.as_of is not None else _latest_end(sources)
    named = set(tasks(framing))
    spelled = members(framing.labels, classes)
    trained = frozenset(
        with_dependencies(
            [
                one
                for name, label in framing.labels.items()
                if name in named
                for one in members({name: label}, classes)
            ],
            spelled,
        )
    )
    tables = {}
    for name, table in framing.examples.items():
        maker = _Maker(engine, request, sources, classes, as_of, trained, name, table, dialect, is_dry)
        tables[name] = maker.make()
    return _Plan(as_of, sources, tables, trained)


def _used(framing: Framing) -> list[str]:
    """Return the sources that the tables, labels and features read."""
    used = {table.source for table in framing.examples.values()}
    used |= {table.active.source for table in framing.examples.values() if table.active}
    used |= {feature.source for feature in framing.features.values()}
    for label in framing.labels.values():
        used |= {label.source, *(event.source for event in (label.until, label.unless) if event is not None)}
    used |= {name for name, source in framing.sources.items() if not source.is_dated and source.static}
    return [name for name in framing.sources if name in used]


def _latest_end(sources: Mapping[str, SourceTable]) -> int:
    ends = [table.report.covers[1] for table in sources.values() if table.report.covers is not None]
    return max(ends, default=0)


@dataclass(frozen=True)
class _Maker:
    """Plans one examples table."""

    engine: Engine
    request: Request
    sources: Mapping[str, SourceTable]
    classes: Mapping[str, Classes]
    as_of: int
    trained: frozenset[str]
    name: str
    table: ExampleTable
    dialect: str
    is_dry: bool

    def make(self) -> _Table:
        framing = self.request.framing
        labels = members(
            {name: one for name, one in framing.labels.items() if one.on == self.name}, self.classes
        )
        features = dict(framing.features)
        check_event_columns(
            labels, features, {name: tuple(one.columns) for name, one in self.sources.items()}
        )
        pipeline = Pipeline(self.engine, self.dialect, self.name, self.is_dry)
        base, own = self._base(labels, features)
        frame = pipeline.then(base.query, base.columns, reason=base.reason, is_table=base.is_table)
        row = self._row(frozenset(base.columns))
        features_read = FeatureContext(
            features=features, sources=framing.sources, table=self.table, relations=self._relations(),
            known_columns=self._known(), lateness=self._lateness(), is_dated=self.table.at == "time",
            dialect=self.dialect,
        )  # fmt: skip
        frame = pipeline.add(
            frame, self._moments(labels, row), reason="what was shown, and where windows start"
        )
        removals = self._started()
        frame, more = self._filtered(pipeline, frame, features_read, row)
        removals += more
        parts = self._parts(labels)
        frame, more = add_parts(
            pipeline, frame, parts, self.table, self._group(), self.engine, is_dry=self.is_dry
        )
        removals += more
        probe = frame = self._kept(pipeline, frame, labels, features)
        frame = add_features(pipeline, frame, features_read, row, self._group())
        frame, more = self._filtered_by_features(pipeline, frame, features, row)
        removals += more
        frame = add_matches(pipeline, frame, features, row)
        context = self._label_context(labels, parts, own)
        columns = {name: self._relation_columns(name) for name in self.sources}
        frame = add_labels(pipeline, frame, probe, context, row, columns)
        shape = Shape(
            table=self.table,
            labels=labels,
            features=features,
            row=row,
            is_time=self._times(own),
            dialect=self.dialect,
        )
        frame = with_largest_score(pipeline, frame, shape)
        query, _ = written(frame, shape)
        return _Table(query, shape, parts, tuple(removals), tuple(pipeline.steps))

    def _relations(self) -> dict[str, str]:
        return {name: one.relation for name, one in self.sources.items()}

    def _known(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(one.known_columns) for name, one in self.sources.items()}

    def _lateness(self) -> dict[str, int]:
        """Return, per source with known times of its own, how late 99 % of its values are."""
        found = {}
        for name, one in self.sources.items():
            lags = [quantiles.get(0.99, 0.0) or 0.0 for quantiles in one.report.lag_seconds.values()]
            found[name] = int(max([*lags, 0.0]) * 1_000_000) + 1 if lags else 0
        return found

    def _relation_columns(self, name: str) -> tuple[str, ...]:
        one = self.sources[name]
        return (*one.columns, "__time", "__known", *(f"__known_{column}" for column in one.known_columns))

    def _base(
        self, labels: Mapping[str, Label], features: Mapping[str, Feature]
    ) -> tuple[Base, frozenset[str]]:
        framing = self.request.framing
        needed = needed_columns(framing, self.table, labels, features)
        if self.table.source is None:
            return self._calendar(needed)
        source = self.sources[self.table.source]
        closed = [label.closed for label in labels.values()] + [one.closed for one in features.values()]
        if "both" in closed:
            needed |= dict.fromkeys(framing.sources[self.table.source].key, "labels")
        own, statics = locate(needed, source.columns, framing.sources, self.table.source)
        known = [name for name in own if name in source.known_columns]
        key = framing.sources[self.table.source].key
        base = rows_base(
            self.table, source.relation, source.columns, key, own, known, statics,
            key_is_unique=self._key_is_unique(source, key), dialect=self.dialect,
        )  # fmt: skip
        return base, frozenset(own)

    def _key_is_unique(self, source: SourceTable, key: tuple[str, ...]) -> bool:
        """Say whether the key tells rows apart: a rule has made sure, or the rows are counted."""
        if not key:
            return False
        if self.request.framing.sources[source.name].duplicates != "keep":
            return True
        keys = exp.Tuple(expressions=[column(name) for name in key]) if len(key) > 1 else column(key[0])
        distinct = exp.Count(this=exp.Distinct(expressions=[keys]))
        query = exp.select(alias(exp.Count(this=exp.Star()), "n"), alias(distinct, "d"))
        row = self.engine.fetch(query.from_(stored(source.relation))).to_pylist()[0]
        return bool(row["n"] == row["d"])

    def _calendar(self, needed: Mapping[str, str]) -> tuple[Base, frozenset[str]]:
        assert self.table.active is not None
        active = self.sources[self.table.active.source]
        register_times(self.engine, self.table, self.as_of, self.name)
        if self.table.ahead is not None:
            register_steps(self.engine, self.table.ahead, self.name)
        _, statics = locate(needed, self.table.entity, self.request.framing.sources, self.table.active.source)
        base = calendar_base(self.table, self.name, active.relation, frozenset(active.known_columns), statics)
        return base, frozenset()

    def _row(self, columns: frozenset[str]) -> Row:
        """Return how a name is read on the example's own row."""

        def read(name: str) -> Tree:
            if name in ("at", "time") and f"c__{name}" not in columns:
                return column("__at")
            if name in ("target", "step") and f"c__{name}" not in columns:
                return column(f"__{name}")
            return column(f"c__{name}")

        return read

    def _moments(self, labels: Mapping[str, Label], row: Row) -> dict[str, Tree]:
        moments = time_columns(self.table, [label.anchor for label in labels.values()])
        if self.table.shown is not None:
            moments[SHOWN] = exp.cast(lower(self.table.shown, row), "BOOLEAN")
        return moments

    def _started(self) -> list[Removal]:
        if self.table.source is None:
            return []
        report = self.sources[self.table.source].report
        return started(report.n_read, report.removed)

    def _filtered(
        self, pipeline: Pipeline, frame: Frame, context: FeatureContext, row: Row
    ) -> tuple[Frame, list[Removal]]:
        """Apply what is asked of a row before its features are computed."""
        filters: dict[str, Tree] = {}
        where = self.table.where
        if where is not None and not where.columns & context.features.keys():
            filters["where"] = lower(where, row)
        if self.table.at == "time":
            filters["after as_of"] = exp.LT(this=column("__at"), expression=number(self.as_of))
            warm_up = self._warm_up(context)
            if warm_up is not None:
                filters["warm-up"] = warm_up
        return self._apply(pipeline, frame, filters)

    def _filtered_by_features(
        self, pipeline: Pipeline, frame: Frame, features: Mapping[str, Feature], row: Row
    ) -> tuple[Frame, list[Removal]]:
        where = self.table.where
        if where is None or not where.columns & features.keys():
            return frame, []
        shape = Shape(
            table=self.table, labels={}, features=features, row=row, is_time=frozenset(), dialect=self.dialect
        )
        return self._apply(pipeline, frame, {"where": lower(where, read_row(shape))})

    def _apply(
        self, pipeline: Pipeline, frame: Frame, filters: Mapping[str, Tree]
    ) -> tuple[Frame, list[Removal]]:
        if not filters:
            return frame, []
        removals = [] if self.is_dry else count_removed(self.engine, frame, filters)
        if not self.is_dry and not any(removal.n_removed for removal in removals):
            return frame, removals
        query = frame.select().where(stays(list(filters.values())))
        return pipeline.then(query, frame.columns, reason="filters: " + ", ".join(filters)), removals

    def _kept(
        self, pipeline: Pipeline, frame: Frame, labels: Mapping[str, Label], features: Mapping[str, Feature]
    ) -> Frame:
        """Compute the examples once where several joins read them; one file is cheaper to scan again."""
        sources = [(label.source, label.by, label.anchor) for label in labels.values() if label.source]
        sources += [(label.until.source, label.until.by, "until") for label in labels.values() if label.until]
        late = {
            feature.source
            for feature in features.values()
            if feature.source and self._lateness()[feature.source]
        }
        if len(set(sources)) + len(late) <= 1:
            return frame
        return pipeline.then(
            frame.select(), frame.columns, reason="kept, because several joins read it", is_table=True
        )

    def _warm_up(self, context: FeatureContext) -> Tree | None:
        """Return whether all look-backs start inside what their sources cover."""
        conditions: list[Tree] = []
        for (source, anchor), length in look_backs(context).items():
            covers = self.sources[source].report.covers
            if covers is None:
                continue
            start = _anchor_tree(context, anchor)
            conditions.append(exp.GTE(this=start - number(length), expression=number(covers[0])))
        return exp.and_(*conditions) if conditions else None

    def _parts(self, labels: Mapping[str, Label]) -> Parts:
        framing = self.request.framing
        waiting = [
            name
            for name in labels
            if name in self.trained
            and labels[name].maturity == "wait"
            and labels[name].kind != "time_to_event"
        ]
        lengths = [horizon(name, labels, framing.sources, self.table) for name in waiting]
        known = [length for length in lengths if length is not None]
        split = (
            framing.split
            if self.table.at == "time" or (framing.split and framing.split.form != "lengths")
            else None
        )
        return resolve(split, as_of=self.as_of, horizon=max(known, default=0), fold=self.request.fold)

    def _group(self) -> list[Tree]:
        return [column(f"c__{name}") for name in self.table.group]

    def _label_context(self, labels: Mapping[str, Label], parts: Parts, own: frozenset[str]) -> LabelContext:
        framing = self.request.framing
        reach = [
            horizon(name, labels, framing.sources, self.table) for name in labels if name in self.trained
        ]
        furthest = (
            None if None in reach else max((length for length in reach if length is not None), default=0)
        )
        return LabelContext(
            labels=labels, sources=framing.sources, table=self.table, relations=self._relations(),
            known_columns=self._known(),
            covers_end={
                name: one.report.covers[1] for name, one in self.sources.items() if one.report.covers
            },
            trained=self.trained, parts=Reading(cutoffs=parts.cutoffs(furthest)),
            whole=Reading(cutoffs=parts.cutoffs(furthest)[-1:]),
            classes={name: listed for name, listed in self.classes.items() if name in labels},
            own=own, is_dated=self.table.at == "time", has_shown=self.table.shown is not None, dialect=self.dialect,
        )  # fmt: skip

    def _times(self, own: frozenset[str]) -> frozenset[str]:
        times = (
            {name for name in own if self.sources[self.table.source or ""].columns.get(name) == "time"}
            if own
            else set()
        )
        return frozenset(times | {"target", "at", "time"})


def _anchor_tree(context: FeatureContext, anchor: str) -> Tree:
    made = refresh_columns(context)
    return exp.paren(made[anchor]) if anchor in made else column(anchor)
