"""GOV: what the law and decency ask: protected attributes, identifiers, reasons, people, papers."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.identifiers import KINDS, find_identifiers
from truenorth.audit.measured.protected import proxies_of
from truenorth.audit.stated.lexicon import TAKES_AWAY, domains_in, hands_over, verbs_in, words_in
from truenorth.audit.stated.reads import decision_reads, source_reads
from truenorth.audit.subject import Subject
from truenorth.framing.references import Constraint

FAIR_LENDING = ("ecoa", "fha")
PERSONAL_DOMAINS = ("lending", "hiring", "housing", "health")
"""Domains in which a decision weighs on a person's life."""
WATCH, STRONG = 0.6, 0.7
"""ROC area of a protected attribute from the features: worth watching, and strong."""
FOLLOWS = 0.1
"""Correlation of score and attribute within an outcome from which the decision is said to follow it."""
CLINICAL = ("clinical", "diagnosis", "patient", "patients", "triage", "treatment", "sepsis")
AGREEMENTS = (
    "baa",
    "business associate",
    "agreement",
    "de identified",
    "deidentified",
    "anonymised",
    "anonymized",
)


def _weighs_on_people(subject: Subject) -> dict[str, tuple[str, ...]]:
    """Return the regulated domains of personal decisions that the framing implies or names."""
    found = {name: words for name, words in domains_in(subject.words).items() if name in PERSONAL_DOMAINS}
    regulation = subject.framing.business.regulation
    if "ecoa" in regulation:
        found.setdefault("lending", ("ecoa",))
    if "fha" in regulation:
        found.setdefault("housing", ("fha",))
    if "hipaa" in regulation:
        found.setdefault("health", ("hipaa",))
    return found


def _named(found: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{domain} ({', '.join(words)})" for domain, words in found.items())


@rule("GOV001", "protected-attribute-as-feature", severity="error")
def protected_attribute_as_feature(subject: Subject) -> Iterator[Hit | Unknown]:
    """A protected attribute is read by a feature, a rule or a cost.

    What it checks:
        No column of `governance.protected` stands in a feature, also not behind another feature, nor in the
        rule, the costs or the ranking.

    Why it hurts:
        The decision then treats people apart by what they are. In lending, hiring and housing that is
        unlawful whatever it does to the figures.

    Example:
        `protected: [sex]` beside `features: {sex: {column: sex}}` fires; `examples: {context: [sex]}` is
        silent, since context is kept for slices and never learned from.

    How to fix:
        Take the feature out and keep the column as context, so that the gaps can still be measured.
    """
    protected = set(subject.framing.governance.protected)
    for path, read in decision_reads(subject.framing):
        found = sorted(read & protected)
        if found:
            yield Hit(
                path=path,
                evidence=f"expected no protected attribute, got {', '.join(found)}.",
                fix=f"take it out, and write examples: {{context: [{', '.join(found)}]}}",
            )


@rule("GOV002", "feature-predicts-protected-attribute", severity="warn", stage="data")
def feature_predicts_protected_attribute(subject: Subject) -> Iterator[Hit | Unknown]:
    """The features together give a protected attribute away.

    What it checks:
        A small boosted model predicts each attribute of `governance.protected` from the features that are
        used, out of fold. From a ROC area of .7 the rule fires, and from .6 where a score learned from the
        features also moves with the attribute among rows of the same outcome (correlation .1). Both figures
        and the strongest features are named.

    Why it hurts:
        Leaving a column out does not make a decision blind to it. A district, a first name or a shopping
        habit can stand for it, and the effect on the group is the same.

    Example:
        Features from which the sex of a client is told with a ROC area of .8 fire, with the three that tell
        most.

    How to fix:
        Drop or coarsen the strongest features one by one, and see what that costs: if little, the less
        discriminatory model is the one to take. Keep the attribute as context and put a constraint on the
        gap.

    Source:
        The two bounds are rules of thumb of ours; no standard names any.
    """
    evidence = subject.data
    if evidence is None:
        return
    task = next((name for name in subject.tasks if name in evidence.dataset.labels), None)
    for attribute in subject.framing.governance.protected:
        found = proxies_of(evidence, attribute, task)
        if found is None:
            yield Unknown(f"{attribute} is no column of the examples, or has too few rows: add it to context")
            continue
        follows = abs(found.decision or 0.0)
        if found.auc >= STRONG or (found.auc >= WATCH and follows >= FOLLOWS):
            named = ", ".join(f"{name} {value:.2f}" for name, value in found.strongest.items())
            moved = "not assessed" if found.decision is None else f"{found.decision:+.2f}"
            yield Hit(
                path=("governance", "protected"),
                evidence=f"expected features that do not give {attribute} away, got a ROC area of "
                         f"{found.auc:.2f} for "
                f"{attribute} {found.level} ({found.n:,} rows); strongest alone: {named}; the score moves "
                f"with it by "
                f"{moved} within an outcome.",
                fix=f"drop or coarsen {next(iter(found.strongest))}, and compare what it costs",
                numbers={"attribute": attribute, "roc_auc": found.auc, "rows": found.n,
                         "strongest": dict(found.strongest), "decision_correlation": found.decision},
            )  # fmt: skip


@rule("GOV003", "no-fairness-constraint", severity="error")
def no_fairness_constraint(subject: Subject) -> Iterator[Hit | Unknown]:
    """A decision on lending, hiring or housing has no constraint on the gap between groups.

    What it checks:
        In these domains, or under ECOA or the FHA, at least one constraint compares groups: `by COLUMN
        ratio`, `gap` or `worst`.

    Why it hurts:
        What is not a constraint is a hope. A gap that nobody bounds is found by the regulator.

    Example:
        `regulation: [ecoa]` with `constraints: [latency_p99 <= 50ms]` fires; `"share(action = 'approve') by
        sex ratio >= 0.8"` is silent.

    How to fix:
        Bound the ratio of the rates, and read it with its interval: the four-fifths rule alone decides
        nothing when groups are small.

    Source:
        Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D), for the ratio of .8.
    """
    found = {name: words for name, words in _weighs_on_people(subject).items() if name != "health"}
    if found and not any(_compares_groups(one) for one in subject.framing.constraints):
        protected = next(iter(subject.framing.governance.protected), "sex")
        yield Hit(
            path=("constraints",),
            evidence=f"expected a bound on the gap between groups in {_named(found)}, got none of "
            f"{len(subject.framing.constraints)} constraints.",
            fix=f"\"share(action = 'approve') by {protected} ratio >= 0.8\"",
        )


def _compares_groups(constraint: Constraint) -> bool:
    return constraint.metric.by is not None and constraint.metric.reduction in ("ratio", "gap", "worst")


@rule("GOV004", "adverse-decision-without-reasons", severity="error")
def adverse_decision_without_reasons(subject: Subject) -> Iterator[Hit | Unknown]:
    """People are turned down and are not told why.

    What it checks:
        An action that takes something away (decline, deny, block, remove) in lending, hiring, housing or
        health, beside `governance.reason_codes: false`.

    Why it hurts:
        Whoever is refused credit has a right to the main reasons, from the decision itself; a model that
        cannot give them cannot be used.

    Example:
        `actions: {approve: ..., decline: 0}` under ECOA without `reason_codes` fires.

    How to fix:
        Write `governance: {reason_codes: true}` and keep to models whose contributions can be named.

    Source:
        Regulation B, 12 CFR 1002.9; CFPB Circular 2022-03.
    """
    framing = subject.framing
    found = _weighs_on_people(subject)
    adverse = _adverse(subject)
    if found and adverse and not framing.governance.reason_codes:
        yield Hit(
            path=("governance", "reason_codes"),
            evidence=f"expected reasons for {', '.join(adverse)} in {_named(found)}, got none.",
            fix="reason_codes: true",
        )


def _adverse(subject: Subject) -> tuple[str, ...]:
    policy = subject.framing.policy
    names = [*policy.actions, *([policy.threshold.act] if policy.threshold else [])] if policy else []
    return tuple(name for name in names if verbs_in(name, TAKES_AWAY))


@rule("GOV005", "direct-identifiers", severity="warn", stage="data")
def direct_identifiers(subject: Subject) -> Iterator[Hit | Unknown]:
    """A source holds direct identifiers of persons.

    What it checks:
        The first 2,000 rows of each source, column by column, for the 18 identifiers of HIPAA Safe Harbor: by
        name, by pattern and by checksum. Values are never shown. A column that a feature reads
        blocks; in a health domain so does one beyond doubt. Keys that merely are unique are left alone.

    Why it hurts:
        What is in the training table is in backups, in notebooks and in mails. A model that has seen a
        telephone number can learn it.

    Example:
        A column of e-mail addresses in the customer table fires, and blocks where `features` reads it.

    How to fix:
        Drop the column before the log is handed over, or replace it by a keyed hash. In health, remove all 18
        or have an expert state that the risk is small.

    Source:
        45 CFR 164.514(b)(2).
    """
    evidence = subject.data
    if evidence is None:
        return
    if not evidence.heads:
        yield Unknown("the first rows of the sources could not be read")
        return
    read = source_reads(subject.framing)
    is_health = "health" in _weighs_on_people(subject)
    for source, columns in evidence.heads.items():
        renamed = {old: new for new, old in subject.framing.sources[source].rename.items()}
        for one in find_identifiers(columns):
            name = renamed.get(one.column, one.column)
            is_read = name in read.get(source, ())
            if (one.kind == "unique" or one.confidence == "medium") and not is_read:
                continue
            if one.kind == "unique" and {name, one.column} & {*subject.framing.sources[source].key}:
                continue
            yield Hit(
                path=("sources", source),
                evidence=f"expected no direct identifiers, got {one.column} ({KINDS[one.kind].lower()}; by "
                f"{' and '.join(one.by)}, {one.share:.0%} of {one.n:,} values).",
                fix=f"leave {one.column} out of the log, or replace it by a keyed hash",
                numbers={"column": one.column, "kind": one.kind, "share": one.share, "n": one.n},
                severity="error" if is_health or (is_read and one.kind != "unique") else None,
            )


@rule("GOV006", "health-data-without-agreement", severity="error")
def health_data_without_agreement(subject: Subject) -> Iterator[Hit | Unknown]:
    """Health data are used, and neither an agreement nor de-identification is stated.

    What it checks:
        Words of health in the framing, or HIPAA, beside neither `governance.answers.health_data_agreement`
        nor a `basis` of a source that names an agreement or de-identification.

    Why it hurts:
        Records of patients may be used for training only under an agreement with who holds them, or after the
        identifiers are gone. A model trained without has to be thrown away.

    Example:
        `goal: fewer readmissions of patients` with `basis: contract` fires; `basis: de-identified, expert
        determination` is silent.

    How to fix:
        Name the agreement and its date, or who removed the identifiers and how.

    Source:
        45 CFR 164.502(e) and 164.514.
    """
    found = _weighs_on_people(subject)
    if "health" not in found or "health_data_agreement" in subject.framing.governance.answers:
        return
    bases = " ".join(source.basis or "" for source in subject.framing.sources.values())
    if not words_in(bases, AGREEMENTS):
        yield Hit(
            path=("governance", "answers"),
            evidence="expected an agreement or de-identification beside health "
            f"({', '.join(found['health'])}), got none.",
            fix="answers: {health_data_agreement: business associate agreement with CLINIC of DATE}",
        )


@rule("GOV007", "clinical-without-validation-plan", severity="error")
def clinical_without_validation_plan(subject: Subject) -> Iterator[Hit | Unknown]:
    """A clinical decision is influenced, and nobody said how it is validated and changed.

    What it checks:
        Words of clinical decisions beside no answer to `clinical_validation` or `change_plan`.

    Why it hurts:
        Software meant to influence clinical decisions is a medical device in many places. Its validation
        study and the way in which it may be retrained are agreed on before, not after.

    Example:
        `decision: alert a nurse of patients at risk of sepsis` without answers fires.

    How to fix:
        Write who validates it on which patients, and what may change without a new clearance.

    Source:
        FDA, Marketing Submission Recommendations for a Predetermined Change Control Plan (2023).
    """
    words = words_in(subject.words, CLINICAL)
    wanted = ("clinical_validation", "change_plan")
    missing = [one for one in wanted if one not in subject.framing.governance.answers]
    if words and missing:
        yield Hit(
            path=("governance", "answers"),
            evidence=f"expected answers beside {', '.join(words)}, got no {', no '.join(missing)}.",
            fix="answers: {" + ", ".join(f"{one}: ..." for one in missing) + "}",
        )


@rule("GOV008", "no-human-path", severity="error")
def no_human_path(subject: Subject) -> Iterator[Hit | Unknown]:
    """The machine alone decides on people's lives, and no person can be reached.

    What it checks:
        `archetype: autonomous` in lending, hiring, housing or health, or with an action that takes something
        away, beside neither an action that hands over to a person nor an answer to `human_path`.

    Why it hurts:
        A person has a right not to be subject to a decision that only a machine took, and to contest it.
        Without a way to a person every error stands.

    Example:
        An autonomous system with `actions: {approve: ..., decline: ...}` and no `refer` fires.

    How to fix:
        Add an action such as `refer`, or say who is reached and how: `answers: {human_path: ...}`.

    Source:
        GDPR, article 22.
    """
    framing = subject.framing
    if framing.product.archetype != "autonomous":
        return
    found, adverse = _weighs_on_people(subject), _adverse(subject)
    has_way = bool(hands_over(framing)) or "human_path" in framing.governance.answers
    if (found or adverse) and not has_way:
        beside = _named(found) or ", ".join(adverse)
        yield Hit(
            path=("product", "archetype"),
            evidence=f"expected a way to a person beside {beside}, got an autonomous system without one.",
            fix="answers: {human_path: a customer can have the decision looked at by ...}",
        )


@rule("GOV009", "ai-act-questions-open", severity="warn")
def ai_act_questions_open(subject: Subject) -> Iterator[Hit | Unknown]:
    """The EU AI Act may apply, and nobody said to which tier the system belongs.

    What it checks:
        `regulation: [eu_ai_act]` beside no answer to `eu_ai_act_tier`.

    Why it hurts:
        The tier decides on documents, logs, oversight and conformity. Lending to natural persons, hiring,
        education and essential services are areas of high risk; profiling makes an exception unlikely.

    Example:
        `regulation: [ecoa, eu_ai_act]` without the answer fires. What is printed is a question, not a
        verdict.

    How to fix:
        Ask counsel: is it in an area of Annex III, does it profile people, is it a narrow procedural task?
        Write the answer down.

    Source:
        Regulation (EU) 2024/1689, articles 5, 6 and 50, annex III. Verify with counsel.
    """
    framing = subject.framing
    if "eu_ai_act" in framing.business.regulation and "eu_ai_act_tier" not in framing.governance.answers:
        areas = list(_weighs_on_people(subject))
        likely = f"possibly high risk ({', '.join(areas)})" if areas else "tier unknown"
        yield Hit(
            path=("governance", "answers"),
            evidence=f"expected the tier under the EU AI Act, got no answer; {likely}.",
            fix="answers: {eu_ai_act_tier: limited, as it ranks videos; confirmed by counsel on DATE}",
        )


@rule("GOV010", "model-card-fields-empty", severity="info")
def model_card_fields_empty(subject: Subject) -> Iterator[Hit | Unknown]:
    """The model card would have empty fields.

    What it checks:
        Who is concerned (`business.users`) and how far a decision is explained (`business.explainability`);
        what it is for and not for is asked by GOV016.

    Why it hurts:
        A card with blanks is read as a card without problems.

    Example:
        A framing without `explainability` fires; `explainability: none` is an answer.

    How to fix:
        Fill the fields in; each is one line.

    Source:
        Mitchell et al. (2019). Model Cards for Model Reporting. FAT*.
    """
    business = subject.framing.business
    examples = {"users": "users: card holders and merchants", "explainability": "explainability: none"}
    missing = [key for key in examples if getattr(business, key) is None]
    if missing:
        yield Hit(
            path=("business",),
            evidence=f"expected every field of the card, got no {', no '.join(missing)}.",
            fix=", ".join(examples[key] for key in missing),
        )


@rule("GOV011", "fairness-not-assessed", severity="warn")
def fairness_not_assessed(subject: Subject) -> Iterator[Hit | Unknown]:
    """The protected attribute is not in the data, so that fairness cannot be assessed.

    What it checks:
        In lending, hiring, housing or health, `governance.protected` names attributes; and every attribute
        that is named anywhere stands in `examples.context` or among the slices.

    Why it hurts:
        Without the attribute no gap can be measured. That is not fairness; it is `not assessed`.

    Example:
        `protected: [sex]` without `context: [sex]` fires.

    How to fix:
        Keep the attribute as context. Where it may not be kept, join it for the evaluation alone, or say in a
        waiver why it cannot be had.
    """
    framing = subject.framing
    found = _weighs_on_people(subject)
    if found and not framing.governance.protected:
        yield Hit(
            path=("governance", "protected"),
            evidence=f"expected protected attributes in {_named(found)}, got none: fairness is not assessed.",
            fix="protected: [sex, age]",
        )
    sliced = {column for one in framing.evaluation.slices.values() for column in one.columns}
    kept = {*framing.table.context, *sliced}
    missing = [name for name in framing.governance.protected if name not in kept]
    if missing:
        yield Hit(
            path=("governance", "protected"),
            evidence=f"expected protected attributes as context, got {', '.join(missing)} nowhere in the "
            f"examples.",
            fix=f"examples: {{context: [{', '.join(missing)}]}}",
        )


@rule("GOV012", "forbidden-column-read", severity="error")
def forbidden_column_read(subject: Subject) -> Iterator[Hit | Unknown]:
    """A column that may not be used is read.

    What it checks:
        No column of `governance.forbidden` stands in a feature, a rule, a cost, a ranking, a label or a
        slice.

    Why it hurts:
        Somebody had a reason to forbid it. A declaration that is not kept is worse than none.

    Example:
        `forbidden: [zip]` beside `features: {area: {sql: "zip / 1000"}}` fires.

    How to fix:
        Take it out, or have the ban lifted by who set it.
    """
    forbidden = set(subject.framing.governance.forbidden)
    if not forbidden:
        return
    for path, read in (*decision_reads(subject.framing), *_label_reads(subject)):
        found = sorted(read & forbidden)
        if found:
            yield Hit(
                path=path,
                evidence=f"expected no forbidden column, got {', '.join(found)}.",
                fix="take it out of the expression",
            )


def _label_reads(subject: Subject) -> Iterator[tuple[tuple[str | int, ...], frozenset[str]]]:
    for name, label in subject.framing.labels.items():
        parts = (label.when, label.value, label.where, label.aggregated, label.given, label.combine)
        read = frozenset().union(*(one.columns for one in parts if one is not None), frozenset())
        yield ("labels", name), read | frozenset(label.columns)


@rule("GOV013", "source-without-basis", severity="warn")
def source_without_basis(subject: Subject) -> Iterator[Hit | Unknown]:
    """A source has no legal basis, consent or licence.

    What it checks:
        Every source that keeps a log of events states `basis`: contract, consent, legitimate interest, a
        licence.

    Why it hurts:
        Data that may not be used have to be deleted, and what was learned from them with it. It is found out
        when a person asks.

    Example:
        `payments: {path: ..., time: paid_at}` fires; `basis: contract` is silent. Tables of undated
        attributes and sources made from others are exempt.

    How to fix:
        Ask who owns the log under which basis it is kept, and how long: `basis: contract, retention: 400d`.

    Source:
        GDPR, articles 5, 6 and 17.
    """
    missing = [
        name
        for name, source in subject.framing.sources.items()
        if not source.basis and source.is_dated and not source.is_derived
    ]
    if missing:
        yield Hit(
            path=("sources", missing[0]),
            evidence=f"expected a basis for every log, got none for {', '.join(missing)}.",
            fix="basis: contract, retention: 400d",
            numbers={"sources": len(missing)},
        )


_QUESTIONS = {
    "lending": ("lending_data", "who may see applications, and how declined ones are labelled"),
    "housing": ("housing_data", "which attributes the Fair Housing Act bars here"),
    "minors": ("minors_data", "whose consent there is for users under age"),
    "health": ("medical_device", "whether it is a device, and which clearance it has or needs (510(k), PMA)"),
}


@rule("GOV014", "domain-questions-open", severity="warn")
def domain_questions_open(subject: Subject) -> Iterator[Hit | Unknown]:
    """The domain has questions of its own, and they are open.

    What it checks:
        For data of minors, housing, lending and health: the answer to `minors_data`, `housing_data`,
        `lending_data` or `medical_device` stands in `governance.answers`.

    Why it hurts:
        Each of these questions has stopped a launch. They are cheap to answer at the start.

    Example:
        `users: pupils` without `minors_data` fires.

    How to fix:
        Write the answer, or who is asked and by when, into `governance.answers`.
    """
    found = dict(domains_in(subject.words)) | _weighs_on_people(subject)
    answers = subject.framing.governance.answers
    for domain, (question, asks) in _QUESTIONS.items():
        if domain in found and question not in answers:
            yield Hit(
                path=("governance", "answers"),
                evidence=f"expected an answer to {question} beside {domain} ({', '.join(found[domain])}), "
                f"got none: "
                f"{asks}.",
                fix=f"answers: {{{question}: ...}}",
            )


@rule("GOV015", "no-sponsor", severity="warn")
def no_sponsor(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody pays for it once it runs.

    What it checks:
        `business.sponsor` names who pays for labels, upkeep and watching; who is woken is asked by MON002.

    Why it hurts:
        Models die of neglect: the project ends, the budget ends, and the model goes on deciding.

    Example:
        A framing without `sponsor` fires; `sponsor: finance` is silent.

    How to fix:
        Ask who would miss it, and whether they pay for a year of it.
    """
    if not subject.framing.business.sponsor:
        yield Hit(
            path=("business", "sponsor"), evidence="expected a sponsor, got none.", fix="sponsor: finance"
        )


@rule("GOV016", "use-and-risks-not-written", severity="warn")
def use_and_risks_not_written(subject: Subject) -> Iterator[Hit | Unknown]:
    """What it is for, what it is not for, or what may go wrong is not written down.

    What it checks:
        `product.intended_use`, `product.out_of_scope` and `product.known_risks`.

    Why it hurts:
        A score that exists is used for something else within a year. Only what was ruled out can be refused.

    Example:
        A churn score with no `out_of_scope` fires; `out_of_scope: prices, contracts` is silent.

    How to fix:
        Write one line each; the risks are what the team already worries about.
    """
    product = subject.framing.product
    examples = {
        "intended_use": "intended_use: payments by card at a terminal",
        "out_of_scope": "out_of_scope: transfers between accounts",
        "known_risks": "known_risks: [attackers learn the threshold]",
    }
    missing = [key for key in examples if not getattr(product, key)]
    if missing:
        yield Hit(
            path=("product",),
            evidence=f"expected use, limits and risks, got no {', no '.join(missing)}.",
            fix=f"product: {{{', '.join(examples[key] for key in missing)}}}",
        )


RULES = (
    protected_attribute_as_feature, feature_predicts_protected_attribute, no_fairness_constraint,
    adverse_decision_without_reasons, direct_identifiers, health_data_without_agreement,
    clinical_without_validation_plan, no_human_path, ai_act_questions_open, model_card_fields_empty,
    fairness_not_assessed, forbidden_column_read, source_without_basis, domain_questions_open, no_sponsor,
    use_and_risks_not_written,
)  # fmt: skip
