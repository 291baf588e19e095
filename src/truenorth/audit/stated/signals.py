"""What a label measures, told by its words: signals that are known to turn, opinions, steps of a funnel.

Like `lexicon.py`, a word is a hint and is always shown; it is read from the label's name, its source, the
columns it reads and the texts its conditions compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from truenorth.audit.stated.lexicon import words_in
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Label


@dataclass(frozen=True)
class Trap:
    """A signal that went with the goal until it was pushed."""

    name: str
    words: tuple[str, ...]
    """Words that mean it."""
    pushed: str
    """What becomes of it under pressure."""
    cure: str
    """What stands nearer to the goal."""
    unless: tuple[str, ...] = ()
    """Words with which the label is more than the bare signal."""


TRAPS: tuple[Trap, ...] = (
    Trap("click", ("click", "clicks", "clicked", "clickthrough", "ctr", "tap", "taps", "opened"),
         "headlines and covers that promise more than they hold", "what was read, finished or bought next",
         unless=("dwell", "dwell seconds", "read", "finish", "finished", "long")),
    Trap("watch time", ("watch time", "watch", "watched", "view time", "play time", "session length",
                        "time spent", "screen time", "minutes watched", "long view", "watch fraction"),
         "whatever holds attention, outrage too", "whether people liked it, or came back"),
    Trap("rating", ("rating", "ratings", "star", "stars"),
         "asking for a rating right after a good moment", "what was kept, used again or recommended"),
    Trap("booking", ("booking", "bookings", "booked", "reservation", "reservations"),
         "the cheapest and most central offers", "stays that guests review well, at their price"),
    Trap("add to cart", ("cart", "carts", "add to cart", "basket", "baskets"),
         "things that are put aside and left", "what was bought and kept"),
    Trap("helpful vote", ("helpful", "helpfulness", "vote", "votes", "upvote", "upvotes"),
         "length, whether it is true or not", "purchases that were kept after reading"),
    Trap("surge availability", ("surge", "availability", "available drivers", "drivers available"),
         "higher prices where no driver will go at any price", "trips completed after the price was shown"),
)  # fmt: skip
"""Signals whose turn is on record; sources/ and reference/systems.md tell each story."""

OPINIONS = ("rating", "ratings", "rated", "star", "stars", "thumb", "thumbs", "survey", "surveys", "feedback",
            "nps", "csat", "helpful", "vote", "votes", "upvote", "review", "reviews")  # fmt: skip
"""Words of what only some people say, and not at random."""

THUMBS = ("thumb", "thumbs", "upvote", "upvotes", "like", "liked", "feedback", "emoji")
"""Words of a button under an answer."""

HARM = ("harm", "harmful", "unsafe", "toxic", "toxicity", "hallucination", "hallucinated", "wrong answer",
        "refusal", "refused", "complaint", "complaints", "abuse", "abusive", "offensive", "leak",
        "unsupported", "ungrounded", "false claim", "safety", "incident", "incidents")  # fmt: skip
"""Words of what an answer must not do."""

LADDERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "shop": (
        ("impression", "impressions", "view", "views", "viewed", "shown"),
        ("click", "clicks", "clicked"),
        ("cart", "carts", "basket", "baskets", "wishlist"),
        ("purchase", "purchases", "purchased", "buy", "bought", "order", "orders", "ordered", "conversion",
         "conversions", "converted", "booking", "bookings", "booked", "sale"),
        ("kept", "repeat purchase", "reorder", "repurchase", "renewed", "renewal"),
    ),
    "media": (
        ("impression", "impressions", "shown"),
        ("click", "clicks", "clicked", "play", "played"),
        ("watch", "watched", "dwell", "read", "long view", "viewport"),
        ("finish", "finished", "completed", "completion"),
        ("enjoyed", "like", "liked", "likes", "reaction", "satisfied", "satisfaction"),
    ),
    "jobs": (
        ("impression", "impressions", "shown"),
        ("click", "clicks", "clicked", "viewed"),
        ("apply", "applied", "application", "applications"),
        ("callback", "call back", "interview", "interviews", "qualified"),
        ("hired", "hire", "offer accepted"),
    ),
}  # fmt: skip
"""Steps towards the goal, the farthest first."""


def label_words(name: str, label: Label) -> str:
    """Return the words of a label: its name, its source, and what its conditions read and compare with."""
    conditions = [one for one in (label.when, label.value, label.where) if one is not None]
    columns = [column for one in (label.when, label.value) if one is not None for column in one.columns]
    said = [name, label.source or "", *label.columns, *sorted(columns)]
    return " ".join([*said, *(text for one in conditions for text in literals(one))])


def literals(expression: Expression) -> tuple[str, ...]:
    """Return the texts that an expression compares with."""
    found = (node.this for node in expression.tree.find_all(exp.Literal) if node.is_string)
    return tuple(dict.fromkeys(str(text) for text in found))


def trap_of(name: str, label: Label) -> tuple[Trap, str] | None:
    """Return the known trap that a label is, with the word that says so; None where it is none."""
    words = label_words(name, label)
    for trap in TRAPS:
        found = words_in(words, trap.words)
        if found and not words_in(filtered_words(name, label), trap.unless):
            return trap, found[0]
    return None


def step(words: str, ladder: str) -> int | None:
    """Return the nearest step to the goal that words name on a ladder, from 0; None where they name none."""
    found = [at for at, names in enumerate(LADDERS[ladder]) if words_in(words, names)]
    return max(found) if found else None


def logged(framing: Framing) -> Iterator[tuple[str, str]]:
    """Yield what the sources record, each with where it was found: names, compared texts, outcome columns."""
    for name, source in framing.sources.items():
        yield name, f"sources.{name}"
        for known in (source.known_after, source.known_at):
            for column in known if isinstance(known, Mapping) else ():
                yield str(column), f"sources.{name}.{column}"
    for section, entries in (("labels", framing.labels), ("features", framing.features)):
        for name, entry in entries.items():
            if section == "labels":
                yield name, f"labels.{name}"
            where = getattr(entry, "where", None)
            for text in literals(where) if isinstance(where, Expression) else ():
                yield text, f"{section}.{name}.where"


def filtered_words(name: str, label: Label) -> str:
    """Return the label's words with the columns of its filter: `dwell_seconds > 30` is more than a click."""
    columns = sorted(label.where.columns) if label.where is not None else []
    return " ".join([label_words(name, label), *columns])
