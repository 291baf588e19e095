"""The messages world: short texts, some of them spam, and questions that belong to one of several desks.

What a text says is drawn word by word from the distribution of its kind, so the true chance of every kind
given the words is known. People mark spam a day later and sometimes wrongly; campaigns change what spam talks
about. Questions are answered by a desk, and some belong to none.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truenorth.worlds.messages_description import DESCRIPTION
from truenorth.worlds.messages_framing import framing
from truenorth.worlds.messages_words import (
    CAMPAIGN_WORDS,
    CLOSINGS,
    HIDDEN,
    INTENTS,
    MESSAGE_WORDS,
    OPENINGS,
    OUT_OF_SCOPE,
    QUESTION_WORDS,
    TRADE,
    draw_words,
    message_distributions,
    posterior,
    question_distributions,
)
from truenorth.worlds.stream import (
    DAY,
    STAMP,
    Bools,
    Floats,
    Ints,
    day_name,
    day_start,
    generator,
    parquet_file,
    times_of_day,
    where_known,
    write_parquet,
)
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters

SENDERS_PER_MESSAGE = 2
"""Senders per message of a day."""
SPAMMERS, SPAMMER_RATE, OTHER_RATE = 0.15, 0.75, 0.01
"""Share of senders who spam, and the chance that a message is spam from them and from others."""
CAMPAIGN_DAYS = 14
MARK_KNOWN_AFTER = DAY
MESSAGE_LENGTH, QUESTION_LENGTH = (7, 6.0), (2, 2.0)
"""Words of a text: the first number plus a Poisson number with the second as its mean."""
OUT_OF_SCOPE_SHARE = 0.12
POPULATION, CAMPAIGN, MESSAGES_OF_DAY, QUESTIONS_OF_DAY = range(4)
"""First part of the spawn key of each kind of draw."""

MESSAGES_SCHEMA = pa.schema(
    [
        ("received_at", STAMP),
        ("message", pa.int64()),
        ("sender", pa.int64()),
        ("text", pa.string()),
        ("is_spam", pa.bool_()),
    ]
)
QUESTIONS_SCHEMA = pa.schema(
    [
        ("asked_at", STAMP),
        ("question", pa.int64()),
        ("asker", pa.int64()),
        ("text", pa.string()),
        ("intent", pa.string()),
    ]
)
TRUE_MESSAGES_SCHEMA = pa.schema(
    [
        ("message", pa.int64()),
        ("is_spam", pa.bool_()),
        ("marked", pa.bool_()),
        ("spam_probability", pa.float64()),
    ]
)
TRUE_QUESTIONS_SCHEMA = pa.schema(
    [
        ("question", pa.int64()),
        ("intent", pa.string()),
        ("marked", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
    ]
)
DESKS_SCHEMA = pa.schema([("intent", pa.string()), ("desk", pa.int64())])
TRUE_SENDERS_SCHEMA = pa.schema([("sender", pa.int64()), ("spam_rate", pa.float64())])


@dataclass(frozen=True, kw_only=True)
class MessagesParameters:
    """Sizes and rates of a messages world."""

    messages: int = 150
    """Messages per day."""
    questions: int = 100
    """Questions per day."""
    days: int = 84
    """Length in days; marks come one day after a message."""
    intents: int = 12
    """Number of desks, 2 to 12."""
    label_noise: float = 0.0005
    """Chance that a mark is wrong, whatever the message is."""

    def __post_init__(self) -> None:
        check_parameters("messages", self, RANGES)

    @property
    def intent_names(self) -> tuple[str, ...]:
        """Names of the intents, each with a desk."""
        return tuple(INTENTS)[: self.intents]


RANGES = {
    "messages": Range(int, 1, 10**6),
    "questions": Range(int, 1, 10**6),
    "days": Range(int, 1, 3660),
    "intents": Range(int, 2, len(INTENTS)),
    "label_noise": Range(float, 0, 0.5),
}


def simulate(folder: Path, parameters: MessagesParameters, seed: int) -> Outcome:
    """Write the log, dimensions and truth of the messages world, one day after the other.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes and rates.
        seed: Seed of the world.

    Returns:
        Rows by table, and the realised shares.
    """
    run = _Run(folder, parameters, seed)
    with ExitStack() as files:
        run.open_truth(files)
        for day in range(parameters.days):
            run.messages(day)
            run.questions(day)
    return Outcome(rows=run.rows, facts=run.facts())


class _Run:
    """The days of one simulation: who sends, and what was counted."""

    def __init__(self, folder: Path, parameters: MessagesParameters, seed: int) -> None:
        self.folder, self.parameters, self.seed = folder, parameters, seed
        self.end = day_start(parameters.days)
        rng = generator(seed, POPULATION)
        n = SENDERS_PER_MESSAGE * parameters.messages
        self.spam_rate = np.where(rng.random(n) < SPAMMERS, SPAMMER_RATE, OTHER_RATE)
        self.n_spam, self.n_out_of_scope = 0, 0
        self.rows = {"messages": 0, "questions": 0, **self._write_population()}

    def open_truth(self, files: ExitStack) -> None:
        truth = self.folder / "truth"
        self.true_messages = files.enter_context(
            parquet_file(truth / "messages.parquet", TRUE_MESSAGES_SCHEMA)
        )
        self.true_questions = files.enter_context(
            parquet_file(truth / "questions.parquet", TRUE_QUESTIONS_SCHEMA)
        )

    def _write_population(self) -> dict[str, int]:
        senders = {"sender": np.arange(len(self.spam_rate)), "spam_rate": self.spam_rate}
        write_parquet(self.folder / "truth" / "senders.parquet", TRUE_SENDERS_SCHEMA, senders)
        names = self.parameters.intent_names
        desks = {"intent": pa.array(names), "desk": np.arange(len(names))}
        return {"desks": write_parquet(self.folder / "dim" / "desks.parquet", DESKS_SCHEMA, desks)}

    def messages(self, day: int) -> None:
        """Simulate the messages of a day and what their readers marked."""
        rng, n = generator(self.seed, MESSAGES_OF_DAY, day), self.parameters.messages
        received_at = day_start(day) + times_of_day(rng, n)
        sender = rng.integers(0, len(self.spam_rate), n)
        rate = self.spam_rate[sender]
        is_spam = rng.random(n) < rate
        pushed = generator(self.seed, CAMPAIGN, day // CAMPAIGN_DAYS).choice(
            len(TRADE), CAMPAIGN_WORDS, replace=False
        )
        distributions = message_distributions(pushed)
        texts = draw_words(rng, distributions, is_spam.astype(np.int64), _lengths(rng, n, MESSAGE_LENGTH))
        marked = is_spam ^ (rng.random(n) < self.parameters.label_noise)
        chance = posterior(np.stack([1 - rate, rate], axis=1), distributions, texts)[:, 1]
        message = self.rows["messages"] + np.arange(n)
        known = received_at + MARK_KNOWN_AFTER < self.end
        log = {"received_at": received_at, "message": message, "sender": sender,
               "text": _written(texts, MESSAGE_WORDS), "is_spam": where_known(marked, known)}  # fmt: skip
        path = self.folder / "log" / "messages" / f"{day_name(day)}.parquet"
        self.rows["messages"] += write_parquet(path, MESSAGES_SCHEMA, log)
        truth = {"message": message, "is_spam": is_spam, "marked": marked, "spam_probability": chance}
        self.true_messages(truth)
        self.n_spam += int(is_spam.sum())

    def questions(self, day: int) -> None:
        """Simulate the questions of a day and the desks that answered them."""
        rng, n = generator(self.seed, QUESTIONS_OF_DAY, day), self.parameters.questions
        names = self.parameters.intent_names
        asked_at = day_start(day) + times_of_day(rng, n)
        prior = _question_prior(len(names))
        subject = rng.choice(len(prior), n, p=prior)
        distributions = question_distributions(names)
        texts = draw_words(rng, distributions, subject, _lengths(rng, n, QUESTION_LENGTH))
        chances = posterior(prior, distributions, texts)
        chances = np.column_stack([chances[:, : len(names)], chances[:, len(names) :].sum(axis=1)])
        intent = np.minimum(subject, len(names))
        marked = _mislabelled(rng, intent, len(names) + 1, self.parameters.label_noise)
        question = self.rows["questions"] + np.arange(n)
        known = asked_at + MARK_KNOWN_AFTER < self.end
        labels = np.array([*names, OUT_OF_SCOPE], dtype=object)
        log = {"asked_at": asked_at, "question": question, "asker": rng.integers(0, 10 * n, n),
               "text": _asked(rng, texts), "intent": _names(labels[marked], known)}  # fmt: skip
        path = self.folder / "log" / "questions" / f"{day_name(day)}.parquet"
        self.rows["questions"] += write_parquet(path, QUESTIONS_SCHEMA, log)
        self.true_questions(
            {"question": question, "intent": pa.array(labels[intent]), "marked": pa.array(labels[marked]),
             "probabilities": pa.array(list(chances))}
        )  # fmt: skip
        self.n_out_of_scope += int((intent == len(names)).sum())

    def facts(self) -> dict[str, float]:
        """Return the true shares of spam and of questions without a desk."""
        return {
            "spam_share": round(self.n_spam / self.rows["messages"], 4),
            "out_of_scope_share": round(self.n_out_of_scope / self.rows["questions"], 4),
        }


def _lengths(rng: np.random.Generator, n: int, law: tuple[int, float]) -> Ints:
    least, more = law
    return np.asarray(least + rng.poisson(more, n), dtype=np.int64)


def _question_prior(n_intents: int) -> Floats:
    """Return the chance of each subject: intents alike, and the hidden ones alike in what is out of scope."""
    inside = np.full(n_intents, (1 - OUT_OF_SCOPE_SHARE) / n_intents)
    return np.concatenate([inside, np.full(len(HIDDEN), OUT_OF_SCOPE_SHARE / len(HIDDEN))])


def _mislabelled(rng: np.random.Generator, intent: Ints, n_classes: int, noise: float) -> Ints:
    """Return the marks: another class, uniformly, with the chance of a wrong mark."""
    is_wrong: Bools = rng.random(len(intent)) < noise
    other = (intent + rng.integers(1, n_classes, len(intent))) % n_classes
    return np.where(is_wrong, other, intent)


def _names(values: npt.NDArray[np.object_], known: Bools) -> pa.Array:
    return pa.array(values, pa.string(), mask=~known)


def _written(texts: list[Ints], words: tuple[str, ...]) -> pa.Array:
    return pa.array([" ".join(words[word] for word in text) for text in texts])


def _asked(rng: np.random.Generator, texts: list[Ints]) -> pa.Array:
    """Return questions in a frame of an opening and a closing, which say nothing about the subject."""
    opening, closing = rng.integers(0, len(OPENINGS), len(texts)), rng.integers(0, len(CLOSINGS), len(texts))
    cores = _written(texts, QUESTION_WORDS).to_pylist()
    whole = zip(opening, cores, closing, strict=True)
    return pa.array([f"{OPENINGS[first]} {core} {CLOSINGS[last]}".strip() for first, core, last in whole])


MESSAGES = WorldKind(
    name="messages",
    summary="Short texts with spam that changes by campaign, and questions to desks, some of which have none",
    parameters=MessagesParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The messages world, as `WORLDS` holds it."""
