"""Words by which a label says what it is made of: clicks, looks, reports, judges, rules.

A name is a hint, never a proof; a rule that rests on one shows the word.
"""

from __future__ import annotations

from sqlglot import exp

from truenorth.audit.stated.lexicon import plain, words_in
from truenorth.framing.expressions import Expression
from truenorth.framing.labels import Label

IMPLICIT = ("click", "view", "play", "open", "tap", "impression", "pageview", "ctr", "clickthrough",
            "launch")  # fmt: skip
"""Behaviour that shows interest at a glance, not satisfaction; plurals and past forms count too."""
LASTING = ("dwell", "long", "watch", "watched", "seconds", "minutes", "viewport", "finish", "finished",
           "completion", "complete", "completed", "read", "listened", "duration", "stay")  # fmt: skip
"""Words of a label that waits for what came after the click."""
DWELL = ("dwell", "viewport", "watch", "watched", "play_time", "playtime", "watch_time", "view_seconds",
         "time_spent", "seconds_viewed", "listen_time", "stay_time")  # fmt: skip
"""Words of a column that says how long somebody looked, watched or listened."""
SKIPS = ("skip", "skips", "skipped", "bounce", "bounced", "scroll_past", "short_view", "quick")
"""Words of a label for what was left at once."""
NOISY = ("fraud", "fraudulent", "abuse", "abusive", "spam", "scam", "phishing", "toxic", "toxicity", "fake",
         "bot", "harassment", "report", "reports", "reported", "chargeback", "chargebacks", "dispute",
         "disputes", "complaint", "complaints", "marks", "annotators", "crowd")  # fmt: skip
"""Words of outcomes that are known to be marked wrongly, or not at all."""
REPORTED = ("chargeback", "chargebacks", "dispute", "disputes", "complaint", "complaints", "claim",
            "claims", "report", "reports", "verdict", "verdicts", "diagnosis", "refund", "refunds",
            "postback", "postbacks")  # fmt: skip
"""Words of events that tell later what had happened before."""
PEOPLE = ("annotator", "annotators", "rater", "raters", "judge", "judges", "crowd", "editor", "editors",
          "reviewer", "reviewers", "expert", "experts", "moderator", "moderators", "analyst", "analysts",
          "clerk", "clerks")  # fmt: skip
"""Words of an origin that is a person's judgement."""
MACHINES = ("rule", "rules", "rule engine", "heuristic", "heuristics", "model", "model score", "classifier",
            "predicted", "prediction", "predictions", "filter verdict", "regex", "keyword", "keywords",
            "llm", "pseudo label", "pseudo labels", "auto label", "automatic decision",
            "scorecard")  # fmt: skip
"""Words of an origin that is a machine's judgement."""
CANDIDATES = ("candidate", "candidates", "eligible", "retrieved", "inventory", "catalogue", "pool", "slate")
"""Words of a log whose rows could have been shown."""
EXPOSED = ("shown", "impression", "impressions", "exposure", "exposures", "served", "displayed", "view",
           "views", "delivered")  # fmt: skip
"""Words of a log whose rows were shown."""
OPEN_ENDED = ("item", "items", "product", "products", "sku", "app", "apps", "video", "videos", "song",
              "songs", "url", "query", "merchant", "creator", "user", "customer", "author", "asin",
              "isbn")  # fmt: skip
"""Words of a column whose values are things, of which there are more every week."""


def behaviours(text: str) -> tuple[str, ...]:
    """Return the implicit behaviours that a text of `plain` names, in any of their forms.

    Examples:
        >>> behaviours("is clicked"), behaviours("opened"), behaviours("display")
        (('click',), ('open',), ())
    """
    forms = {word: {word, f"{word}s", f"{word}ed", f"is {word}", f"{word}ped"} for word in IMPLICIT}
    return tuple(word for word, said in forms.items() if words_in(text, said))


def texts_in(*expressions: Expression | None) -> tuple[str, ...]:
    """Return the quoted texts that expressions compare with."""
    found = (one.tree.find_all(exp.Literal) for one in expressions if one is not None)
    return tuple(str(literal.this) for literals in found for literal in literals if literal.is_string)


def words_of(name: str, label: Label) -> str:
    """Return all words by which a label says what counts: its name, its source, what its conditions read."""
    read = [label.when, label.value, label.where, label.aggregated]
    columns = sorted({column for one in read if one is not None for column in one.columns})
    return plain(name, label.source, *columns, *texts_in(*read))


def conditions(label: Label) -> tuple[Expression, ...]:
    """Return the expressions that say what a label is, without what it waits for."""
    found = (label.when, label.value, label.combine, label.where, label.aggregated)
    return tuple(one for one in found if one is not None)
