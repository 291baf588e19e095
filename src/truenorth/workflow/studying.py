"""From held-out examples to a study: decisions with their candidates, scores of each, and the KPI.

The rows of a framing are candidates of a decision, shown or not. What is shown has labels; the KPI's label,
or the expression of them that the metric measures, is the outcome. Where it is the same for all decisions of
a user's week it belongs to that week, and the lift is one of the week.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Per
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.maturity import LEAST_SEEN, Matured
from truenorth.counterfactual.study import Provenance, Study
from truenorth.decision.realised import realised
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.business import Kpi
from truenorth.framing.durations import DAY, WEEK
from truenorth.framing.framing import Framing
from truenorth.framing.references import MetricReference
from truenorth.models.rows import codes_of, feature_roles
from truenorth.statistics.estimates import codes_of as ranks_of
from truenorth.workflow.maturing import Limits, can_be_weighed, followed, is_due, why_waits
from truenorth.workflow.proxies import Candidate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

ADDITIVE = ("mean", "sum", "share", "any")
"""Metrics that are a mean over decisions or units, so that a lift of them is one of their argument."""
PERIODS = {"week_end": ("week", WEEK, 4 * DAY), "day_end": ("day", DAY, 0)}
"""Name, length and origin of periods at whose end a label's window starts: weeks from Monday, UTC days."""
FEW_WAITING = 0.1
"""Share of the decisions that may be left out as too young for a proxy, where the KPI is weighed."""
MOST_SEGMENTS = 20
"""Values of a context column up to which the lift is told for each."""
MOST_GROUPS = 3
"""Columns of candidates whose winners and losers are told."""
LOG_THIS = (
    "log every candidate of a decision as a row with the probability that it was drawn with, and name them: "
    "examples.decision, shown, propensity; a softmax slice of 1 to 5 % of traffic is enough."
)


@dataclass(frozen=True, eq=False)
class Question:
    """A study, or why there is none."""

    study: Study | None
    findings: tuple[Finding, ...] = ()
    matured: float = 0.0
    """Share of the decisions whose KPI has had its time."""
    rows: Ints | None = None
    """Rows of the examples that `study.log.rows` counts from, shape (m,)."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By group of candidates: what its codes stand for."""


def reason_against(framing: Framing) -> Finding | None:
    """Return why a framing cannot be stress tested whatever its logs hold, None where it can."""
    kpi, table = framing.business.kpi, framing.table
    if kpi is None or not _is_measurable(kpi.metric, framing):
        return _no_outcome(kpi)
    selected = next(_selected_by(kpi.metric, framing), None)
    if selected is not None:
        return _no_mean(kpi, *selected)
    if (table.shown is not None and table.decision) or (
        table.action is not None and table.propensity is not None
    ):
        return None
    got = (
        "what was done without its probability" if table.action is not None else "rows that are no candidates"
    )
    fix = (
        "log the probability with which the action was drawn, as examples.propensity; or "
        if table.action
        else ""
    )
    return Finding(
        code="STRESS060", severity="info", where="examples",
        evidence=f"expected the candidates of each decision, shown or not, got {got}: what else could have "
        "been done, and how likely it was, is not in the log.",
        fix=fix + LOG_THIS,
    )  # fmt: skip


def _selected_by(metric: MetricReference, framing: Framing) -> Iterator[tuple[str, str]]:
    """Yield labels that a metric reads where another label holds alone, with that other label."""
    argument = metric.argument
    if argument is None or "coalesce" in argument.text.lower():
        return
    for name in sorted(argument.columns & framing.labels.keys()):
        given = framing.labels[name].given
        for parent in sorted(given.columns & framing.labels.keys()) if given is not None else ():
            if parent not in argument.columns:
                yield name, parent


def _no_mean(kpi: Kpi, label: str, parent: str) -> Finding:
    return Finding(
        code="STRESS061", severity="info", where="business.kpi.metric",
        evidence=f"expected a KPI of every decision, got {kpi.metric}, which counts those with {parent} "
        "alone: which these are depends on what was done.",
        fix=f"count the others as 0: mean({parent} * {label}), with what {parent} is given.",
    )  # fmt: skip


def _is_measurable(metric: MetricReference, framing: Framing) -> bool:
    """Return whether a metric is a mean of what labels and columns say of each decision."""
    if metric.name not in ADDITIVE or metric.argument is None or metric.where is not None:
        return False
    return bool(metric.argument.columns & framing.labels.keys()) and "action" not in metric.argument.columns


def _no_outcome(kpi: Kpi | None) -> Finding:
    got = "no KPI" if kpi is None else str(kpi.metric)
    return Finding(
        code="STRESS061", severity="info", where="business.kpi.metric",
        evidence=f"expected a KPI that is the mean or the sum of a label, such as mean(returned), got {got}: "
        "a log of decisions says nothing of another.",
        fix="make the event that the KPI counts a label of the decision, and its metric a mean or sum of it.",
    )  # fmt: skip


def study_of(data: Dataset, candidates: Sequence[Candidate], *, limits: Limits | None = None) -> Question:
    """Return the study of some examples, or the finding that says what they lack.

    Args:
        data: Rows that no score was fitted on, every candidate of a decision among them.
        candidates: Scores of the same rows.
        limits: Until when labels that are weighed for maturity were read; without it, young decisions wait.
    """
    kpi = data.framing.business.kpi
    if kpi is None or kpi.metric.argument is None:
        return Question(None, (_no_outcome(kpi),))
    decision, shown = _decisions(data), data.columns["shown"].values == 1
    whole = _has_one_shown(decision, shown)
    due = whole & _of_shown(decision, shown, is_due(kpi.metric.argument, data))
    known = due & _of_shown(decision, shown, realised(kpi.metric.argument, data).known)
    young = whole & ~due
    n, waiting = _count(decision[whole]), _count(decision[young])
    tried = _with_young(data, kpi, decision, known, young, candidates, limits or {}) if waiting else None
    weighed = tried if isinstance(tried, Asked) else None
    asked = weighed or _asked(data, kpi, decision, np.flatnonzero(known), candidates, {})
    n_young = weighed.n_in(young) if weighed else 0
    findings = [
        *_odd(decision, whole),
        *_weighed(n_young, n),
        *_unknown(data, kpi, n, asked.study.log.n if asked else 0, waiting - n_young, _said(tried)),
        *(asked.findings if asked else ()),
    ]
    if asked is None:
        return Question(None, tuple(findings))
    names = {name: group_names(data.take(asked.rows), name) for name in asked.study.groups}
    return Question(asked.study, tuple(findings), matured=1 - waiting / n, rows=asked.rows, names=names)


@dataclass(frozen=True, eq=False)
class Asked:
    """A study of some of the rows."""

    study: Study
    rows: Ints
    """Rows of the examples that its log counts from, shape (m,)."""
    findings: tuple[Finding, ...]
    """What is odd about the scores' own outcomes where they were weighed."""

    def n_in(self, among: Mask) -> int:
        """Return how many of its decisions are among some rows of the examples."""
        first = self.study.log.spread(among[self.rows].astype(float))[:, 0]
        return int(first.sum())


def _said(tried: Asked | str | None) -> str:
    return tried if isinstance(tried, str) else ""


def _with_young(
    data: Dataset, kpi: Kpi, decision: Ints, known: Mask, young: Mask, candidates: Sequence[Candidate],
    limits: Limits,
) -> Asked | str:  # fmt: skip
    """Return the study with decisions whose KPI waits, their early events weighed; or why these wait."""
    assert kpi.metric.argument is not None  # measurable
    shown = data.columns["shown"].values == 1
    kpi_times = followed(kpi.metric.argument, data, limits)
    if kpi_times is None:
        return why_waits(kpi.metric.argument, data, limits)
    if _is_shared_unanchored(data, kpi, known):
        return "decisions share the KPI, and each has a window of its own"
    # before its window starts nothing can have come
    used = known | (young & _of_shown(decision, shown, kpi_times.age >= 0))
    for one in candidates:
        if followed(one.realised, data, limits) is None:
            due = _of_shown(decision, shown, is_due(one.realised, data))
            used = used & ~_waiting_for_quick(decision, used, young, due)
    asked = _asked(data, kpi, decision, np.flatnonzero(used), candidates, limits)
    if asked is None:
        return "none has been followed at all"
    error = next((one for one in _of_kpi(asked.study) if one.severity == "error"), None)
    if error is not None:
        return f"fewer than {LEAST_SEEN:.0%} of them and the others are old enough for its window"
    return asked


def _waiting_for_quick(decision: Ints, used: Mask, young: Mask, due: Mask) -> Mask:
    """Return the rows that wait for a proxy quicker than the KPI: they are few, and cost the rest nothing.

    A proxy is quicker where some that wait for the KPI do not wait for it. For another, all that wait for the
    KPI would be left out. Decisions whose KPI is known are never left out for a proxy.
    """
    waits = used & young & ~due
    is_quick = bool((used & young & due).any())
    is_few = _count(decision[waits]) <= FEW_WAITING * _count(decision[used])
    return waits if is_quick and is_few else np.zeros_like(waits)


def _of_kpi(study: Study) -> tuple[Finding, ...]:
    return study.kpi.findings if isinstance(study.kpi, Matured) else ()


def _is_shared_unanchored(data: Dataset, kpi: Kpi, known: Mask) -> bool:
    """Return whether decisions share a KPI although each has a window of its own."""
    if period_of(data.framing, kpi) is not None:
        return False
    assert kpi.metric.argument is not None  # measurable
    found = realised(kpi.metric.argument, data)
    rows = np.flatnonzero(known & (data.columns["shown"].values == 1))
    return bool(len(rows)) and _is_shared(ranks_of(codes_of(data.columns["unit"]))[rows], found.values[rows])


def _asked(
    data: Dataset, kpi: Kpi, decision: Ints, rows: Ints, candidates: Sequence[Candidate], limits: Limits
) -> Asked | None:
    """Return the study of some rows, None where there are none."""
    if not len(rows):
        return None
    cut = [replace(one, predicted=one.predicted[rows]) for one in candidates]
    kept = {name: one[rows] for name, one in limits.items()}
    study, findings = _study(data.take(rows), decision[rows], kpi, cut, kept)
    return Asked(study, rows, findings)


def _study(
    data: Dataset, decision: Ints, kpi: Kpi, candidates: Sequence[Candidate], limits: Limits
) -> tuple[Study, tuple[Finding, ...]]:
    """Return the study of decisions with one shown candidate whose KPI is known, or weighed."""
    assert kpi.metric.argument is not None  # measurable
    table = data.framing.table
    shown = data.columns["shown"].values == 1
    outcome = realised(kpi.metric.argument, data).values
    at, cluster = _times(data), ranks_of(codes_of(data.columns["unit"]))
    unit, per = _units(data.framing, kpi, cluster, at, np.where(shown, outcome, np.nan))
    logged = data.columns["propensity"].values if table.propensity is not None else None
    log = Log.from_rows(decision, shown, propensity=logged, unit=unit, cluster=cluster, time=at)
    sign = -1.0 if (kpi.direction == "down") != kpi.metric.negated else 1.0
    named = f"the cut in {kpi.name}" if kpi.direction == "down" else kpi.name
    young = followed(kpi.metric.argument, data, limits)
    weighed = None if young is None else young.outcome(log, per_unit=per == "unit")
    came = list(_realised(data, log, candidates, limits))
    study = Study(
        log=log, scores={one.called: log.spread(one.pushed) for one in candidates}, per=per,
        kpi=sign * log.of_chosen(log.spread(outcome)) if weighed is None else
        replace(weighed, outcome=sign * weighed.outcome),
        realised={called: outcome for called, outcome, _ in came},
        logger_features=None if logged is not None else _varying(data, log),
        before=_before(data, log) if per == "unit" else None,
        groups=_groups(data, log), segments=dict(_segments(data, log)),
        provenance=Provenance(kpi_name=named),
    )  # fmt: skip
    return study, tuple(finding for _, _, findings in came for finding in findings)


def _decisions(data: Dataset) -> Ints:
    """Return the decision of each row as a code that rises with time; a row without one is its own."""
    codes = ranks_of(codes_of(data.columns["decision"]))
    first = np.full(int(codes.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, codes, _times(data))
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[codes]


def _times(data: Dataset) -> Ints:
    at = data.columns["at"]
    return np.where(at.is_null, 0, at.values).astype(np.int64)


def _has_one_shown(decision: Ints, shown: Mask) -> Mask:
    """Return the rows of decisions with exactly one candidate that was shown."""
    n_shown = np.bincount(decision, weights=shown)
    return np.asarray((n_shown == 1)[decision])


def _of_shown(decision: Ints, shown: Mask, holds: Mask) -> Mask:
    """Return the rows of decisions of which something holds for a candidate that was shown."""
    return np.asarray((np.bincount(decision, weights=shown & holds) > 0)[decision])


def _count(decision: Ints) -> int:
    return len(np.unique(decision))


def _odd(decision: Ints, whole: Mask) -> Iterator[Finding]:
    """Find decisions that show nothing, or several at once."""
    n = _count(decision)
    odd = n - _count(decision[whole])
    if odd:
        yield Finding(
            code="STRESS062", severity="warn" if odd < n else "error", where="examples.decision",
            evidence=f"expected one shown candidate per decision, got {odd:,} of {n:,} with none or several; "
            "they are left out.",
            fix="make each place of a list a decision of its own, examples.decision: [request_id, slot], and "
            "log its candidates.",
        )  # fmt: skip


def _weighed(n_young: int, n: int) -> Iterator[Finding]:
    """Say that decisions enter whose KPI waits, early events standing for late ones."""
    if n_young:
        yield Finding(
            code="STRESS070", severity="info", where="business.kpi.metric",
            evidence=f"expected decisions whose KPI is known, got {n_young:,} of {n:,} that wait for time to "
            "pass: they are tested, each event that came weighing for the decisions too young to have it.",
            fix="nothing, as long as outcomes do not depend on when a decision was made; or wait.",
        )  # fmt: skip


def _unknown(data: Dataset, kpi: Kpi, n: int, n_used: int, waiting: int, reason: str) -> Iterator[Finding]:
    """Find decisions whose KPI is not known: it waits for time, or a condition of the label fails."""
    if n_used == n:
        return
    assert kpi.metric.argument is not None  # measurable
    yield Finding(
        code="STRESS063", severity="info" if n_used else "error", where="business.kpi.metric",
        evidence=f"expected decisions whose KPI is known, got {n_used:,} of {n:,}: {waiting:,} wait for time "
        f"to pass{f' ({reason})' if reason else ''}, {n - n_used - waiting:,} have none; they are left out.",
        fix="make the held-out parts of the split longer than the KPI takes to be known, or wait"
        + ("; or say maturity: ipcw on its label, so that events that came early count."
           if reason and can_be_weighed(data.framing, kpi.metric.argument) else "."),
    )  # fmt: skip


def _units(framing: Framing, kpi: Kpi, cluster: Ints, at: Ints, outcome: Floats) -> tuple[Ints, Per]:
    """Return whose outcome each row serves: a unit's period, the unit, or the decision itself."""
    anchored = period_of(framing, kpi)
    if anchored is not None:
        _, size, origin = anchored
        period = (at - origin) // size
        return ranks_of(cluster * (int(np.ptp(period)) + 1) + (period - period.min())), "unit"
    is_shared = _is_shared(cluster, outcome)
    return cluster, "unit" if is_shared else "decision"


def period_of(framing: Framing, kpi: Kpi) -> tuple[str, int, int] | None:
    """Return the name, length and origin of the period that the KPI's labels are told of."""
    assert kpi.metric.argument is not None  # measurable
    anchors = {framing.labels[name].anchor for name in kpi.metric.argument.columns if name in framing.labels}
    return next((PERIODS[one] for one in PERIODS if one in anchors), None)


def _is_shared(cluster: Ints, outcome: Floats) -> bool:
    """Return whether all decisions of every unit have one outcome, and units have several decisions."""
    known = ~np.isnan(outcome)
    units, values = cluster[known], outcome[known]
    low, high = np.full(int(cluster.max()) + 1, np.inf), np.full(int(cluster.max()) + 1, -np.inf)
    np.minimum.at(low, units, values)
    np.maximum.at(high, units, values)
    several = np.bincount(units, minlength=len(low)) > 1
    return bool(several.sum() >= 10 and (low == high)[several].all() and np.ptp(values) > 0)


def _realised(
    data: Dataset, log: Log, candidates: Sequence[Candidate], limits: Limits
) -> Iterator[tuple[str, Floats, tuple[Finding, ...]]]:
    """Yield what each candidate came to, where that is known of every decision or can be weighed."""
    for one in candidates:
        young = followed(one.realised, data, limits)
        weighed = None if young is None else young.outcome(log)
        if weighed is not None and not any(found.severity == "error" for found in weighed.findings):
            where = f"labels.{one.realised.column}"
            told = tuple(replace(found, where=where) for found in weighed.findings)
            yield one.called, one.sign * weighed.outcome, told
            continue
        found = log.of_chosen(log.spread(realised(one.realised, data).values, padding=np.nan))
        if not np.isnan(found).any():
            yield one.called, one.sign * found, ()


def _numbers(data: Dataset, log: Log) -> Iterator[tuple[Floats, bool]]:
    """Yield each numeric feature over the candidates, NULL as its mean, and whether candidates differ."""
    for name, role in feature_roles(data).items():
        if role != "number":
            continue
        values = np.asarray(data.columns[name].values, dtype=np.float64)
        known = np.isfinite(values)
        filled = np.where(known, values, values[known].mean() if known.any() else 0.0)
        grid = log.spread(filled)
        taken = log.of_chosen(grid)[:, None]
        yield grid, bool((log.mask & (grid != taken)).any())


def _varying(data: Dataset, log: Log) -> Floats | None:
    """Return features in which candidates differ, shape (n, k, f): what the logger may have looked at."""
    found = [grid for grid, differs in _numbers(data, log) if differs]
    return np.stack(found, axis=2) if found else None


def _before(data: Dataset, log: Log) -> Floats | None:
    """Return features that all candidates share, shape (n, f): what is known of the unit beforehand."""
    found = [log.of_chosen(grid) for grid, differs in _numbers(data, log) if not differs]
    return np.stack(found, axis=1) if found else None


def _described(data: Dataset) -> list[str]:
    """Return the columns by which winners and losers are told: entities, context and slices."""
    table = data.framing.table
    names = dict.fromkeys(
        [
            *(["action"] if table.action else []),
            *table.entity,
            *table.context,
            *data.framing.evaluation.slices,
        ]
    )
    return [
        name for name in names
        if name != table.unit and name in data.columns and data.columns[name].role in ("text", "number")
    ]  # fmt: skip


def _groups(data: Dataset, log: Log) -> dict[str, Ints]:
    """Return columns in which the candidates of a decision differ, as codes: texts take long to sort."""
    coded = {name: log.spread(_codes(data, name), padding=-1) for name in _described(data)}
    differ = [name for name, codes in coded.items() if _differ(log, codes)]
    return {name: coded[name] for name in differ[:MOST_GROUPS]}


def group_names(data: Dataset, name: str) -> tuple[str, ...]:
    """Return what the codes of a group stand for."""
    first = np.unique(_codes(data, name), return_index=True)[1]
    return tuple(map(str, _texts(data.columns[name].take(first))))


def _codes(data: Dataset, name: str) -> Ints:
    return ranks_of(codes_of(data.columns[name]))


def _differ(log: Log, codes: Ints) -> bool:
    """Return whether candidates of a decision have different codes."""
    return bool((log.mask & (codes != log.of_chosen(codes)[:, None])).any())


def _segments(data: Dataset, log: Log) -> Iterator[tuple[str, NDArray[np.str_]]]:
    """Yield columns that say something of the context, with few values."""
    for name in _described(data):
        codes = log.spread(_codes(data, name), padding=-1)
        n_values = len(np.unique(log.of_chosen(codes)))
        if 1 < n_values <= MOST_SEGMENTS and not _differ(log, codes):
            names = np.array(group_names(data, name))
            yield name, names[log.of_chosen(codes)]


def _texts(column: Vector) -> NDArray[np.object_]:
    """Return values as texts, none where NULL."""
    if column.role == "text":
        return np.where(column.is_null, "none", column.texts())
    written = np.array([f"{value:.6g}" for value in np.unique(column.values)], dtype=object)
    return np.asarray(written[np.unique(column.values, return_inverse=True)[1]])
