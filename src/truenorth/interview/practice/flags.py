"""Red flags: habits by which a strong candidate still fails, each raised, not raised, or not assessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.interview.paths import value_at
from truenorth.interview.practice.coverage import Performance, said
from truenorth.interview.question import FRAMING_TOPICS
from truenorth.interview.ready import family_of

FRAMING_SHARE = 0.2
"""Least share of the time that belongs to framing."""

MODEL_WORDS = (
    r"transformers?\b", r"bert\b", "embedding", "neural", "deep learning", "xgboost", "lightgbm",
    "gradient.?boost", "two.?tower", "logistic regression", "random forest", "fine.?tun", "llm",
)  # fmt: skip
"""Words of a model, by which talk of it is noticed in any section."""
TRAPS = (
    "click", r"ctr\b", "watch.?time", r"views?\b", "rating", "booking", "add.?to.?cart", "vote",
    r"like[sd]\b", "engagement", "session length",
)  # fmt: skip
"""Stand-ins that are known to part from the goal when they are pushed."""
COUNTERWEIGHTS = (
    "hide", "hid", "report", "skip", "dislike", "complain", "return", "satisf", "come back", "unsubscrib",
    "guardrail", "penal", "negative (signal|term|weight)", "counterweight", "survey", "quality",
)  # fmt: skip
"""What holds a stand-in back."""
RANDOM_SPLIT = (
    r"random(ly)? (split|sample|hold)", r"split .{0,20}at random", r"split .{0,12}randomly", r"k.?fold",
    "train_test_split",
)  # fmt: skip
"""Ways to draw a test set that ask whether the past is like itself."""
DATED_SPLIT = (
    "time.?(based |series )?split", "temporal", "out.?of.?time", "chronolog", "by time", "by date",
    "later (period|week|month)", "future (period|window)",
)  # fmt: skip
"""Ways to draw one that lies after the training."""
_REFUSALS = ("not", "never", "avoid", "no", "than", "instead of")
_REFUSED = "".join(
    rf"(?<!{word}{article} )"
    for word in _REFUSALS
    for article in ("", " a", " the", " a default", " the default")
)
HALF = rf"{_REFUSED}\b(?:(?:threshold|cut.?off)(?: of| at| is| =)? ?0?\.5\b|0?\.5 (?:threshold|cut.?off))"
"""A threshold of one half, unless the words before it refuse it."""

Verdict = tuple[bool | None, str]
"""Whether a flag is raised (None: not assessed), and by what."""


@dataclass(frozen=True)
class Flag:
    """One red flag."""

    name: str
    """Its short name."""
    title: str
    """What it says where it is raised."""
    raised: bool | None
    """Whether it is raised; None where nothing was there to judge by."""
    evidence: str
    """What it was judged by."""

    def to_dict(self) -> dict[str, Any]:
        """Return the flag as plain JSON values."""
        return {"name": self.name, "title": self.title, "raised": self.raised, "evidence": self.evidence}


def raise_flags(performance: Performance) -> tuple[Flag, ...]:
    """Return every red flag with its verdict."""
    return tuple(Flag(name, title, *judge(performance)) for name, (title, judge) in FLAGS.items())


def _model_first(performance: Performance) -> Verdict:
    """Talk of a model before the goal and the label."""
    seen: set[str] = set()
    for remark in performance.transcript.remarks:
        word = said(MODEL_WORDS, remark.said.lower())
        if (remark.topic == "model" or word) and not {"goal", "label"} <= seen:
            return True, word or "the model came before goal and label"
        seen.add(remark.topic)
    return (False, "goal and label came first") if "model" in seen else (None, "no model was named")


def _little_framing(performance: Performance) -> Verdict:
    spent = performance.transcript.seconds
    total = sum(spent.values())
    if not total:
        return None, "no time was taken"
    share = sum(spent.get(topic, 0.0) for topic in FRAMING_TOPICS) / total
    return share < FRAMING_SHARE, f"{share:.0%} of {total / 60:.0f} minutes"


def _gameable_proxy(performance: Performance) -> Verdict:
    score = str(value_at(performance.data, "objective.score")) if "objective" in performance.data else ""
    if score:
        trap = said(TRAPS, score.replace("_", " "))
        alone = len(set(re.findall(r"[a-z]\w*", score)) & set(performance.data.get("labels", {}))) <= 1
        return bool(trap and alone and "-" not in score), f"the score is {score}"
    trap = said(TRAPS, performance.text)
    if not trap:
        return (False, "no known trap was named") if performance.text else (None, "no score was named")
    counter = said(COUNTERWEIGHTS, performance.text)
    return not counter, f"{trap}; {counter or 'nothing that holds it back'}"


def _imbalance(performance: Performance) -> Verdict:
    if performance.data.get("policy") and family_of(performance.data) in ("ranking", "amount"):
        return None, "the decision is not about a rare class"
    return _discussed(performance, "imbalance")


def _quality(performance: Performance) -> Verdict:
    return _discussed(performance, "quality")


def _serving_mode(performance: Performance) -> Verdict:
    return _discussed(performance, "mode")


def _monitoring(performance: Performance) -> Verdict:
    return _discussed(performance, "track", "input_drift", "concept_drift", "retrain_every", "retrain_when")


def _discussed(performance: Performance, *questions: str) -> Verdict:
    found = next((performance.covered[name] for name in questions if name in performance.covered), "")
    return not found, found or "never mentioned"


def _random_split(performance: Performance) -> Verdict:
    split = performance.data.get("split")
    if isinstance(split, Mapping):
        return "random" in split, f"split by {'chance' if 'random' in split else 'time'}"
    dated, drawn = said(DATED_SPLIT, performance.text), said(RANDOM_SPLIT, performance.text)
    if not (dated or drawn):
        return None, "no split was named"
    return bool(drawn and not dated), dated or drawn


def _half(performance: Performance) -> Verdict:
    found = re.search(HALF, performance.text) or _cut_at_half(performance)
    if found:
        return True, f'said: "{found[0].strip()}"'
    named = performance.covers("threshold", "actions", "select", "rank", "quantity", "bid", "capacity")
    return (
        (False, "the cut follows from costs, a promise or an order")
        if named
        else (None, "no policy was named")
    )


def _cut_at_half(performance: Performance) -> re.Match[str] | None:
    """Find a label that a policy or a rule compares with one half."""
    labels = "|".join(map(re.escape, performance.data.get("labels", {}))) or "$^"
    rules = f"{performance.data.get('policy', '')} {value_at(performance.data, 'models.rule')}"
    return re.search(rf"\b(?:{labels}) ?>=? ?0?\.5\b", rules)


def _rule_of_three(performance: Performance) -> Verdict:
    asked = {
        "offline": ("primary_metric", "split"),
        "online": ("online_metric", "unit", "stages"),
        "in production": ("track", "input_drift", "retrain_when"),
    }
    open_ = [where for where, questions in asked.items() if not performance.covers(*questions)]
    return bool(
        open_
    ), f"not said: how it is judged {', '.join(open_)}" if open_ else "all three were answered"


FLAGS: Mapping[str, tuple[str, Callable[[Performance], Verdict]]] = {
    "model first": ("Jumped to the model before goal and label", _model_first),
    "little framing": ("Under 20 % of the time on framing", _little_framing),
    "gameable proxy": ("One gameable stand-in without a counterweight", _gameable_proxy),
    "imbalance": ("Rarity of the positive class not discussed", _imbalance),
    "data quality": ("Quality of the data not discussed", _quality),
    "batch or online": ("Batch against online forgotten", _serving_mode),
    "random split": ("Dated data split at random", _random_split),
    "one half": ("A threshold of one half", _half),
    "no monitoring": ("No monitoring", _monitoring),
    "rule of three": ("Offline, online and in production: not all three answered", _rule_of_three),
}
"""Every red flag by name: its title, and what judges it."""
