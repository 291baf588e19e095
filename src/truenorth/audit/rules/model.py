"""MODEL: whether the models that are tried fit the data, the decision, the time and who must understand."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.measured.figures import (
    Plain,
    behind,
    chosen,
    ladder,
    microseconds_per_row,
    number,
    rows_per_decision,
    rung,
    section,
)
from truenorth.audit.stated.budgets import latency_budget
from truenorth.audit.stated.decided import probabilities_used
from truenorth.audit.stated.losses import mismatches, reshaped
from truenorth.audit.stated.networks import DEEP_EXPECTED, DEEP_NEEDS, is_shown, networks, training_rows
from truenorth.audit.stated.units import shared_units, time_of
from truenorth.audit.subject import Subject
from truenorth.framing.models import External

SHARED_UNITS = 0.01
"""Share of the choosing rows whose unit may also have been learned from, by accident of keys."""
CONFLICT = -0.1
"""Cosine of two tasks' gradients below which they pull in opposite directions. A rule of thumb."""
TRAINING_SHARE = 0.5
"""Part of the retraining period that a training may take, so that one that fails can be run once more."""


@rule("MODEL001", "no-simple-candidate", severity="warn")
def no_simple_candidate(subject: Subject) -> Iterator[Hit | Unknown]:
    """Only complex models are tried: nothing simple shows what the complexity buys.

    What it checks:
        Where `models.candidates` holds trees, networks or scores from elsewhere, there is also `linear`, or a
        rule or the incumbent. That no rule is stated at all is NEED002.

    Why it hurts:
        A figure means something beside another one. Many trees and networks were kept alive for years whose
        gain over a straight line nobody had ever measured.

    Example:
        `models: {candidates: [trees, multitask]}` without a rule fires; `candidates: [linear, trees]` is
        silent.

    How to fix:
        Add `linear` in front: it trains in seconds, and the ladder then says what each further rung is worth.
    """
    models = subject.framing.models
    has_simple = "linear" in models.candidates or models.incumbent is not None
    has_simple = has_simple or models.rule is not None or bool(models.rules)
    if models.candidates and not has_simple:
        names = _names(subject)
        yield Hit(
            path=("models", "candidates"),
            evidence=f"expected a simple model among the candidates, got {', '.join(names)} alone.",
            fix=f"candidates: [{', '.join(['linear', *names])}]",
            numbers={"candidates": len(names)},
        )


def _names(subject: Subject) -> list[str]:
    return [
        f"{{external: {one.external}}}" if isinstance(one, External) else str(one)
        for one in subject.framing.models.candidates
    ]


@rule("MODEL002", "more-model-than-data", severity="warn")
def more_model_than_data(subject: Subject) -> Iterator[Hit | Unknown]:
    """A network is tried on fewer examples than it takes to beat trees.

    What it checks:
        The training rows of the built examples, where `models.candidates` holds `multitask` or `two_tower`,
        against 100,000. Without built examples it is not assessed.

    Why it hurts:
        On tables of a few ten thousand rows trees win almost always, train in seconds and explain themselves.
        The network costs weeks and a GPU and ends below them.

    Example:
        `candidates: [linear, multitask]` over 40,000 training rows fires; over 400,000 it is silent.

    How to fix:
        Take the network out of `candidates` until the log has grown.

    Source:
        A rule of thumb. Grinsztajn, Oyallon and Varoquaux (2022), Why do tree-based models still outperform
        deep learning on typical tabular data?, NeurIPS: trees stay ahead on medium-sized tables.
    """
    deep = networks(subject)
    if not deep:
        return
    if subject.data is None:
        yield Unknown("how many examples a network would learn from is not known: audit with --data or --run")
        return
    rows = training_rows(subject.data)
    if rows < DEEP_NEEDS:
        yield Hit(
            path=("models", "candidates"),
            evidence=f"expected {DEEP_NEEDS:,} training rows for {' and '.join(deep)}, got {rows:,}.",
            fix="candidates: [linear, trees]",
            numbers={"training_rows": rows, "needed": DEEP_NEEDS},
        )


@rule("MODEL003", "model-over-latency-budget", severity="error", stage="run")
def model_over_latency_budget(subject: Subject) -> Iterator[Hit | Unknown]:
    """The chosen model alone takes longer than a decision may take.

    What it checks:
        Time to predict one row (measured over many rows, so that it flatters) x tasks x rows per decision,
        against `business.latency_p99` or the constraint on it. What the whole decision takes is SERVE002.

    Why it hurts:
        No cache, no faster network and no second server makes a model fit a page that has no time for it.
        Found after the release it means a smaller model in a hurry, or fewer candidates looked at.

    Example:
        300 us a row and 500 candidates per request are 150 ms, and fire against `latency_p99: 100ms`.

    How to fix:
        Take a simpler rung, rank fewer candidates (`candidates: [{..., limit: 200}]`), or learn fewer tasks.
    """
    found = latency_budget(subject)
    if found is None or not subject.is_online:
        return
    _, budget = found
    per_row, rows = microseconds_per_row(subject.run), rows_per_decision(subject)
    if per_row is None or rows is None:
        missing = "the time of one row" if per_row is None else "how many rows a decision has"
        yield Unknown(f"{missing} is not known: run again, or declare candidates with their limit")
        return
    took = per_row * rows / 1_000
    if took > budget:
        yield Hit(
            path=("models", "candidates"),
            evidence=f"expected a decision within {budget:g} ms, got {took:,.3g} ms for the model alone: "
            f"{per_row:,.3g} us a row, {rows:,.4g} rows a decision.",
            fix="choose: one_standard_error, or a smaller limit under candidates.",
            numbers={"budget_ms": budget, "model_ms": took, "us_per_row": per_row, "rows": rows},
        )


@rule("MODEL004", "loss-does-not-match", severity="warn")
def loss_does_not_match(subject: Subject) -> Iterator[Hit | Unknown]:
    """The loss that is trained is not the loss of the decision.

    What it checks:
        A list that one task orders alone is not learned by squared or absolute error, nor row by row where
        `ndcg`, `mrr` or `gauc` judges it; a median or quantile is not multiplied or added up; the level that
        a quantity needs is among the learned ones; a time to an event is learned by a loss that knows of rows
        still waiting.

    Why it hurts:
        A model is best at what it is punished for. A regression spends itself on the size of values at the
        bottom of the list, a median times a price is no expected cost, and the .5 quantile runs out of stock
        every other day.

    Example:
        `policy: {rank: {by: grade}}` with `tasks: {grade: {loss: squared}}` fires; `loss: listwise` is
        silent. So is any row loss under a score of several tasks, which needs probabilities.

    How to fix:
        Leave `loss` out: the default follows from the label's kind and the decision.

    Source:
        Burges (2010), From RankNet to LambdaRank to LambdaMART, on losses of pairs; Koenker and Bassett
        (1978), Regression Quantiles, on what a quantile answers.
    """
    for task in subject.tasks:
        for one in mismatches(subject.framing, task):
            yield Hit(path=one.path, evidence=one.evidence, fix=one.fix)
            break


@rule("MODEL005", "resampled-without-correction", severity="warn")
def resampled_without_correction(subject: Subject) -> Iterator[Hit | Unknown]:
    """Classes are reweighted or thinned, and the probabilities are used as they come out.

    What it checks:
        Tasks with `downsample`, `weight`, `negatives` or a focal loss, whose probability is used as a number,
        while `models.calibrate` is `none`.

    Why it hurts:
        A model that saw one in ten negatives calls a 2 % risk 17 %. True North turns the odds back by the
        share that it kept, which is exact for a model that is right; only rows that nobody resampled show
        whether it was.

    Example:
        `downsample: {fraud: 10%}` with `calibrate: none` and costs in the policy fires; `calibrate: auto` is
        silent.

    How to fix:
        `calibrate: auto`: it fits on rows with the prevalence that serving will meet.

    Source:
        Dal Pozzolo et al. (2015). Calibrating Probability with Undersampling for Unbalanced Classification.
        IEEE CIDM.
    """
    if subject.framing.models.calibrate.method != "none":
        return
    used = probabilities_used(subject.framing)
    for task, (path, said) in reshaped(subject.framing).items():
        if task in used:
            yield Hit(
                path=path,
                evidence=f"expected {task!r} to be recalibrated after {said}, got calibrate: none.",
                fix="calibrate: auto",
            )


@rule("MODEL006", "probabilities-not-calibrated", severity="warn")
def probabilities_not_calibrated(subject: Subject) -> Iterator[Hit | Unknown]:
    """Predictions are priced, multiplied or compared as probabilities, and nothing makes them probabilities.

    What it checks:
        `models.calibrate: none` beside a task whose prediction stands in a cost, a product, a sum, or a
        comparison with a constant. A threshold that keeps a promise is set on rows of its own and needs the
        order alone. Tasks that were resampled are MODEL005.

    Why it hurts:
        `fraud * amount` is money only if .02 means two in a hundred. Boosted trees push scores to the ends,
        and the cheapest action is then computed from numbers that mean nothing, with great precision.

    Example:
        `actions: {allow: fraud * amount, review: 5}` with `calibrate: none` fires; a list ordered by `click`
        alone is silent.

    How to fix:
        `calibrate: auto`; it takes Platt scaling for few positives and isotonic regression for many.

    Source:
        Niculescu-Mizil and Caruana (2005). Predicting Good Probabilities with Supervised Learning. ICML.
    """
    framing = subject.framing
    if framing.models.calibrate.method != "none":
        return
    resampled = reshaped(framing)
    used = {task: path for task, path in probabilities_used(framing).items() if task not in resampled}
    if used:
        said = ", ".join(f"{task} in {'.'.join(map(str, path))}" for task, path in used.items())
        yield Hit(
            path=("models", "calibrate"),
            evidence=f"expected calibrated probabilities where they are used as numbers ({said}), got none.",
            fix="calibrate: auto",
            numbers={"tasks": len(used)},
        )


@rule("MODEL007", "chosen-on-shuffled-rows", severity="error")
def chosen_on_shuffled_rows(subject: Subject) -> Iterator[Hit | Unknown]:
    """Models are tuned and chosen on rows drawn at random from those that they learned from.

    What it checks:
        Under `split.random`: the examples really have no time (their source carries none either), and the
        rows of one unit stay `together`. Without `together` the unit must be the key of its source; else the
        built examples tell how many choosing rows have a unit that was learned from. A random split of dated
        examples is LEAK006.

    Why it hurts:
        Neighbours in time and rows of one person resemble each other. A model that remembers them wins the
        comparison and loses in production, so that the wrong rung is taken, not only a figure flattered.

    Example:
        `examples: {source: payments, at: none}` over a source with a time and `split: {random: ...}` fires;
        one row per client under its key is silent.

    How to fix:
        Split by time (`split: {validation: 14d, test: 14d}` and `at: time`), or keep units `together:
        COLUMN`.
    """
    framing = subject.framing
    if framing.split is None or framing.split.random is None:
        return
    source = subject.example_source
    if framing.table.at == "none" and source is not None and (time := time_of(subject)):
        yield Hit(
            path=("split", "random"),
            evidence="expected rows without a time under a random split, "
            f"got {framing.table.source!r} with {time}.",
            fix="split: {validation: 14d, calibration: 7d, test: 14d}, and at: time under examples",
        )
        return
    if framing.split.together is None:
        yield from _repeated_units(subject)


def _repeated_units(subject: Subject) -> Iterator[Hit | Unknown]:
    framing = subject.framing
    unit = framing.table.unit or framing.table.entity[0]
    source = subject.example_source
    if unit == "row" or (source is not None and source.key == (unit,)):
        return
    if subject.data is None:
        yield Unknown(f"whether a {unit} has rows in several parts is not known: audit with --data or --run")
        return
    shared = shared_units(subject.data)
    if shared is not None and shared > SHARED_UNITS:
        yield Hit(
            path=("split", "random"),
            evidence=f"expected each {unit!r} in one part of a random split, got {shared:.1%} of the rows "
            "that choose from one that was learned from.",
            fix=f"together: {unit}",
            numbers={"shared": shared},
        )


@rule("MODEL008", "tasks-conflict", severity="warn", stage="run")
def tasks_conflict(subject: Subject) -> Iterator[Hit | Unknown]:
    """Tasks that share one network pull it in opposite directions.

    What it checks:
        The mean cosine of each two tasks' gradients in a trained `multitask` model: below -0.1 they conflict.
        A framing with one task, or with a model per task, has nothing to conflict.

    Why it hurts:
        What one task learns the other unlearns, and the weaker one ends below a model of its own. The sum of
        the losses falls all the same, so that nobody sees it.

    Example:
        `hide` and `click` with a cosine of -0.3 fire; +0.05 is silent.

    How to fix:
        Learn the two apart, or let the training resolve it (`truenorth[deep]` weighs conflicting gradients).

    Source:
        Yu et al. (2020), Gradient Surgery for Multi-Task Learning, NeurIPS. The bound of -0.1 is a rule of
        thumb.
    """
    if len(subject.tasks) < 2 or "multitask" not in subject.framing.models.candidates:
        return
    found = {
        tuple(sorted((task, other))): value
        for task, fit in section(subject.run, "train", "tasks").items()
        for other, one in section(section(fit, "summary"), "gradient_cosine").items()
        if (value := number(one)) is not None
    }
    if not found:
        fitted = "has no gradients on record" if rung(subject.run, "multitask") else "was not fitted"
        yield Unknown(f"the multitask network {fitted}, so that its tasks cannot be compared")
    for (one, other), cosine in sorted(found.items()):
        if cosine < CONFLICT:
            yield Hit(
                path=("models", "candidates"),
                evidence="expected gradients that agree, "
                f"got a cosine of {cosine:.2f} between {one} and {other}.",
                fix="candidates: [linear, trees]",
                numbers={"cosine": cosine, "bound": CONFLICT},
            )


@rule("MODEL009", "no-candidate-that-explains", severity="warn")
def no_candidate_that_explains(subject: Subject) -> Iterator[Hit | Unknown]:
    """Single decisions must state their reasons, and no candidate can give them.

    What it checks:
        `business.explainability: ranked_reasons` (or `governance.reason_codes`) beside candidates that are
        all networks or scores from elsewhere. That `full` explanation has black boxes only is NEED004.

    Why it hurts:
        Reasons that are found for a network afterwards differ from run to run and from method to method. In
        lending a reason that was not the reason is a breach, not a blemish.

    Example:
        `explainability: ranked_reasons` with `candidates: [{external: vendor_score}]` fires; with `linear` or
        `trees` beside it is silent.

    How to fix:
        Add `linear` or `trees`, whose contributions add up to the score, or get the reasons from who made the
        score.
    """
    framing = subject.framing
    wanted = framing.business.explainability
    is_wanted = wanted == "ranked_reasons" or (wanted != "full" and framing.governance.reason_codes)
    candidates = framing.models.candidates
    if not is_wanted or not candidates or any(one in ("linear", "trees") for one in candidates):
        return
    names = _names(subject)
    yield Hit(
        path=("models", "candidates"),
        evidence=f"expected a model whose reasons add up to its score, got {', '.join(names)} alone.",
        fix=f"candidates: [{', '.join(['linear', *names])}]",
    )


@rule("MODEL010", "complexity-not-repaid", severity="warn", stage="run")
def complexity_not_repaid(subject: Subject) -> Iterator[Hit | Unknown]:
    """The chosen model is within chance of a simpler one.

    What it checks:
        The ladder of the run: a simpler learned rung whose gap to the best is no larger than the gap's
        standard error, below the one that was taken. That the rule is as good is NEED003.

    Why it hurts:
        Each rung is paid for every day: slower answers, longer training, harder explanations, more that
        breaks. A gain that another week's rows would take back pays for none of it.

    Example:
        Trees are taken at .412 while linear has .405 with a standard error of the gap of .03: fires.

    How to fix:
        `choose: one_standard_error`, which is the default; or let `minimum_gain` say what a rung must bring.

    Source:
        Breiman, Friedman, Olshen and Stone (1984). Classification and Regression Trees, section 3.4.3.
    """
    taken = chosen(subject.run)
    if taken is None:
        yield Unknown("the run has no ladder of models: run again")
        return
    rungs = ladder(subject.run)
    for simpler in rungs[: rungs.index(taken)]:
        gap, error = behind(simpler, taken), number(simpler.get("gap_standard_error"))
        if simpler.get("is_rule") or gap is None or error is None or gap > error:
            continue
        yield Hit(
            path=("models", "choose"),
            evidence=f"expected {taken['name']} to beat {simpler.get('name')} by more than chance, "
            f"got a gain of {gap:.3g} beside a standard error of {error:.3g}{_price(simpler, taken)}.",
            fix="choose: one_standard_error",
            numbers={"gap": gap, "standard_error": error},
        )
        return


def _price(simpler: Plain, taken: Plain) -> str:
    one, other = (number(found.get("us_per_row")) for found in (simpler, taken))
    return f", for {other / one:,.3g} times the time per row" if one and other else ""


@rule("MODEL011", "training-outlasts-its-period", severity="warn", stage="run")
def training_outlasts_its_period(subject: Subject) -> Iterator[Hit | Unknown]:
    """Training takes so long that it hardly fits between two trainings.

    What it checks:
        Seconds of the whole run against half of `monitoring.retrain.every`: a training that fails must leave
        time to be run again before the next is due.

    Why it hurts:
        Schedules slip first, then are switched off, and the model that should be a day old is a month old.

    Example:
        A run of 14 hours with `retrain: {every: 1d}` fires; with `every: 7d` it is silent.

    How to fix:
        Train less often, on a shorter period (`split.train`), or limit the search (`tune: {minutes: 30}`).

    Source:
        The half is a rule of thumb of ours.
    """
    every = subject.framing.monitoring.retrain.every
    if every is None:
        return
    seconds = number(section(subject.run, "seconds").get("total"))
    if seconds is None:
        yield Unknown("the run does not say how long it took: run again")
        return
    period = every.microseconds / 1e6
    if seconds > TRAINING_SHARE * period:
        yield Hit(
            path=("monitoring", "retrain", "every"),
            evidence=f"expected a training within half of {every}, got {seconds:,.0f} s of {period:,.0f} s.",
            fix="tune: {minutes: 30} under models, or a longer retrain.every",
            numbers={
                "seconds": seconds,
                "period_seconds": period,
                "share": seconds / period if period else None,
            },
        )


@rule("MODEL012", "network-must-show-its-gain", severity="info")
def network_must_show_its_gain(subject: Subject) -> Iterator[Hit | Unknown]:
    """At this number of examples the choice between trees and networks has to be shown.

    What it checks:
        Between 100,000 and 100 million training rows: a network among the candidates has a figure in the run
        that beats the simpler rungs by more than chance. Above 100 million: a network is among the candidates
        at all.

    Why it hurts:
        In between either may win, and both sides have a story ready. At a hundred million rows and many tasks
        trees leave much on the table; nobody notices unless a network is tried.

    Example:
        `candidates: [trees, multitask]` over 2 million rows, before any run, is told so once.

    How to fix:
        Run both and let `choose: one_standard_error` decide.

    Source:
        Bounds of the articles that True North grew from; a rule of thumb.
    """
    deep = networks(subject)
    if subject.data is None:
        if deep:
            yield Unknown("how many examples there are is not known: audit with --data or --run")
        return
    rows = training_rows(subject.data)
    if rows > DEEP_EXPECTED and not deep and subject.framing.models.candidates:
        yield _to_show(
            subject, rows, f"trees to show that they keep up at {rows:,} rows, got no network beside them"
        )
    elif deep and DEEP_NEEDS <= rows <= DEEP_EXPECTED and not any(is_shown(subject, name) for name in deep):
        names = " and ".join(deep)
        yield _to_show(
            subject, rows, f"{names} to show a gain over simpler rungs at {rows:,} rows, got none yet"
        )


def _to_show(subject: Subject, rows: int, what: str) -> Hit:
    return Hit(
        path=("models", "candidates"),
        evidence=f"expected {what}.",
        fix="candidates: [linear, trees, multitask], choose: one_standard_error",
        numbers={"training_rows": rows},
    )


RULES = (
    no_simple_candidate, more_model_than_data, model_over_latency_budget, loss_does_not_match,
    resampled_without_correction, probabilities_not_calibrated, chosen_on_shuffled_rows, tasks_conflict,
    no_candidate_that_explains, complexity_not_repaid, training_outlasts_its_period,
    network_must_show_its_gain,
)  # fmt: skip
