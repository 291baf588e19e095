"""GEN: what is owed where the output is text or another structure that a model makes up.

The rules ask of framings whose prose speaks of generating, or whose scores come from elsewhere and are about
answers; of all others they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.stated.lexicon import GENERATION, HANDS_OVER, domains_in, verbs_in, words_in
from truenorth.audit.stated.signals import HARM, THUMBS, label_words, literals
from truenorth.audit.stated.terms import labels_in, made_of
from truenorth.audit.subject import Subject
from truenorth.framing.models import External
from truenorth.framing.references import MetricReference

WRITTEN = ("answer", "answers", "reply", "replies", "draft", "drafts", "message text", "caption",
           "captions", "letter", "letters", "code", "prompt", "prompts", "completion", "rewrite")  # fmt: skip
"""Words of output that is written, where the scores come from a model that was trained elsewhere."""
CONSEQUENTIAL = ("legal", "law", "court", "tax", "contract", "contracts", "medical", "medicine", "dose",
                 "dosage", "insurance", "claim", "claims", "benefits", "refund", "refunds", "safety",
                 "financial advice", "investment", "emergency", "suicide", "self harm")  # fmt: skip
"""Words of answers on which somebody acts and may be hurt."""
SHOWING = ("show", "send", "answer", "publish", "reply", "display", "deliver")
"""Words of actions that put the answer before the user."""
STRICT_LAWS = frozenset({"hipaa", "ecoa", "fha", "eu_ai_act"})


@rule("GEN001", "no-graded-answers", severity="warn")
def no_graded_answers(subject: Subject) -> Iterator[Hit | Unknown]:
    """No set of outputs was graded by people against a rubric.

    What it checks:
        A label that is `judged`, with the judges' `agreement`.

    Why it hurts:
        Whether an answer is right cannot be read off a log. Without graded examples two versions are compared
        by whoever tried three prompts this morning; without an agreement nobody knows if the rubric means the
        same to two people.

    Example:
        `goal: Draft replies to customers` with only clicks as labels fires; `grade: {value: grade, kind:
        grade, judged: {by: 3 editors, agreement: 0.8}}` is silent.

    How to fix:
        A few hundred outputs, a rubric of three or four questions, two people each; write how often they
        agree.
    """
    words = _generated(subject)
    if not words:
        return
    judged = {name: label.judged for name, label in subject.framing.labels.items() if label.judged}
    if any(one.agreement is not None for one in judged.values()):
        return
    got = f"{', '.join(judged)} without agreement" if judged else "none"
    yield Hit(
        path=("labels",),
        evidence=f"expected outputs graded by people with a known agreement beside {words[0]!r}, got {got}.",
        fix="grade: {value: grade, kind: grade, classes: [1, 2, 3, 4, 5], "
        "judged: {by: 2 editors, agreement: 0.8}}",
        numbers={"judged": len(judged)},
    )


@rule("GEN002", "no-control-before-showing", severity="error")
def no_control_before_showing(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing stands between what was generated and the user.

    What it checks:
        An action besides showing it (revise, hold, hand over), a threshold, a rule that drops items, or a
        constraint on an outcome whose words are harm: unsafe, toxic, hallucinated, complaint.

    Why it hurts:
        A generator is wrong in ways that no list foresees, in the same confident voice. The first one who
        notices is the person it was said to, and a picture of it.

    Example:
        `policy: {actions: {show: 1 - good}}` fires; `{show: 8 * (1 - good), revise: 2}` is silent.

    How to fix:
        Score each output before it is shown, and let a low score do something else: `policy: {actions: {show:
        8 * (1 - good), hand_over: 2}}`.
    """
    words = _generated(subject)
    if not words:
        return
    policy, framing = subject.framing.policy, subject.framing
    others = [] if policy is None else [one for one in policy.actions if not words_in(one, SHOWING)]
    drops = policy is not None and policy.rank is not None and any(one.drop for one in policy.rank.rules)
    held = [one.metric for one in framing.constraints if _is_about_harm(one.metric, subject)]
    if others or drops or held or (policy is not None and policy.threshold is not None):
        return
    form = policy.form if policy is not None else None
    yield Hit(
        path=("policy",),
        evidence=f"expected a control before the user sees what is made ({words[0]!r}), got "
        f"{f'a policy of {form} that only shows' if form else 'no policy'} and no constraint on harm.",
        fix="policy: {actions: {show: 8 * (1 - good), hand_over: 2}}",
    )


@rule("GEN003", "no-human-check", severity="warn")
def no_human_check(subject: Subject) -> Iterator[Hit | Unknown]:
    """An answer on which somebody's health, money or rights depend reaches them without a person in between.

    What it checks:
        Words of a regulated domain or of consequences (legal, tax, dose, claim), or a strict law under
        `business.regulation`; and neither an action that hands over to a person nor an archetype in which one
        decides. In health, lending, hiring, housing and with minors it is an error.

    Why it hurts:
        Somebody will act on the sentence. Who made it up cannot be asked, cannot be sued, and will say the
        opposite to the next one.

    Example:
        `goal: Answer patients' questions with a language model` and `archetype: autonomous` fires; with an
        action `ask_nurse` it is silent.

    How to fix:
        Let a person confirm what has consequences: an action `review`, or `product: {archetype:
        human_in_the_loop}`.
    """
    framing = subject.framing
    if not _generated(subject):
        return
    domains = domains_in(subject.words)
    laws = sorted(STRICT_LAWS & set(framing.business.regulation))
    words = [
        *(word for found in domains.values() for word in found),
        *words_in(subject.words, CONSEQUENTIAL),
        *laws,
    ]
    actions = [*framing.policy.actions] if framing.policy is not None else []
    fallback = (
        framing.policy.fallback.action if framing.policy is not None and framing.policy.fallback else None
    )
    is_checked = framing.product.archetype in ("human_in_the_loop", "augmentation") or any(
        verbs_in(one, HANDS_OVER) for one in (*actions, fallback or "")
    )
    if words and not is_checked:
        yield Hit(
            path=("product", "archetype"),
            evidence=f"expected a person who checks answers about {words[0]!r}, got "
            f"{framing.product.archetype or 'no archetype'} and the actions {', '.join(actions) or 'none'}.",
            fix="archetype: human_in_the_loop",
            numbers={"words": len(words)},
            severity="error" if domains or laws else None,
        )


@rule("GEN004", "thumbs-as-quality", severity="warn")
def thumbs_as_quality(subject: Subject) -> Iterator[Hit | Unknown]:
    """A thumb under the answer stands for its quality.

    What it checks:
        Labels of the score whose words are those of a button under an output: thumbs, upvote, like,
        feedback.

    Why it hurts:
        One in a hundred presses it, most of them when something went wrong, and they reward what sounds sure
        and flatters. A generator that is tuned to thumbs learns to please.

    Example:
        `score: thumbs_up` fires; `score: solved` with `thumbs_up` measured beside it is silent.

    How to fix:
        Score by grades of people, or by whether the problem came back; keep thumbs as a place to look first.

    Source:
        Sharma et al. (2023). Towards Understanding Sycophancy in Language Models.
    """
    framing = subject.framing
    if not _generated(subject):
        return
    for name in sorted(made_of(labels_in(framing.objective.score.columns, framing), framing)):
        label = framing.labels[name]
        words = words_in(label_words(name, label), THUMBS)
        if words and not label.judged:
            yield Hit(
                path=("labels", name),
                evidence=f"expected a grade or an outcome as quality, got {name!r} ({words[0]!r}).",
                fix="a label judged by people in the score, and this one under evaluation.metrics: "
                f"[mean({name})]",
            )


def _generated(subject: Subject) -> tuple[str, ...]:
    """Return the words that say that output is generated; none where it is not."""
    found = words_in(subject.words, GENERATION)
    is_external = any(isinstance(one, External) for one in subject.framing.models.candidates)
    return found or (words_in(subject.words, WRITTEN) if is_external else ())


def _is_about_harm(metric: MetricReference, subject: Subject) -> bool:
    framing = subject.framing
    read = made_of(labels_in(metric.columns, framing), framing)
    conditions = [one for one in (metric.argument, metric.where) if one is not None]
    texts = [
        metric.description or "",
        *metric.columns,
        *(text for one in conditions for text in literals(one)),
    ]
    texts += [label_words(one, framing.labels[one]) for one in read]
    return bool(words_in(" ; ".join(texts), HARM))


RULES = (no_graded_answers, no_control_before_showing, no_human_check, thumbs_as_quality)
