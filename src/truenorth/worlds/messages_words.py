"""What people write in the messages world: words, and how likely each kind of text uses each of them.

A text is a bag of words drawn one by one from the distribution of its kind. So the chance of every kind,
given the words, follows from Bayes' rule exactly, and a classifier can be held against it.
"""

# fmt: off
# ruff: noqa: E501 (lists of words)

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from truenorth.worlds.stream import Floats, Ints

EVERYDAY = (
    "i you the to and is me my it in we at so for on are be not will do have can what when home today tomorrow "
    "tonight work dinner train late soon mum dad love happy sorry thanks okay yes no maybe call see go come back "
    "meet lunch coffee shop key door car bus school kids doctor film book morning evening weekend sleep tired good "
    "bad great nice long left right minutes hour day week need want think know said told let wait ready"
).split()
TRADE = (
    "free win winner prize claim cash reward bonus urgent offer discount voucher credit loan selected txt reply stop "
    "code collect guaranteed award mobile ringtone delivery parcel fee bank account verify link click expires "
    "exclusive membership subscribe unlimited deal lucky draw holiday gift limited apply approved"
).split()
OPENINGS = (
    "can you", "please", "i want to", "i would like to", "how do i", "help me", "could someone", "is it possible to",
    "hello", "hi there", "tell me how to", "what about",
)
CLOSINGS = ("", "", "", "today", "please", "thanks", "as soon as possible", "for me", "if possible", "again")
GENERAL = (
    "the a my your this that with for about from and or need get find change check show new old first last next "
    "now still cannot wrong right problem question thing time number name order customer service help"
).split()
INTENTS: Mapping[str, tuple[str, ...]] = {
    "billing": tuple("invoice bill charged charge amount payment twice receipt".split()),
    "refund": tuple("refund money back return returned charged payment cancelled".split()),
    "delivery": tuple("delivery parcel package courier arrive tracking late address".split()),
    "address": tuple("address move moved street house postcode delivery update".split()),
    "password": tuple("password login reset sign forgot locked access code".split()),
    "security": tuple("stolen hacked suspicious fraud access unknown login locked".split()),
    "card": tuple("card credit debit expired payment replace visa digits".split()),
    "cancel": tuple("cancel subscription stop end contract cancelled renew plan".split()),
    "upgrade": tuple("upgrade plan premium faster bigger subscription price contract".split()),
    "outage": tuple("down outage internet connection slow offline signal router".split()),
    "device": tuple("router device cable screen battery broken repair signal".split()),
    "opening": tuple("open opening hours store close sunday holiday branch".split()),
}
"""Words of each intent, most used first; neighbours share some, so that no text is beyond doubt."""
HIDDEN: Mapping[str, tuple[str, ...]] = {
    "weather": tuple("weather rain sunny forecast temperature snow umbrella degrees".split()),
    "recipes": tuple("recipe cook bake flour oven sugar soup dinner".split()),
    "sports": tuple("match score league team goal player season ticket".split()),
    "travel": tuple("flight hotel airport visa luggage passport beach train".split()),
    "jobs": tuple("job salary apply interview career vacancy resume hire".split()),
    "music": tuple("song album concert band lyrics guitar playlist ticket".split()),
    "health": tuple("doctor headache medicine fever pharmacy sleep vaccine cough".split()),
    "jokes": tuple("joke funny story riddle laugh bored sing meaning".split()),
}
"""What people also ask, for which there is no desk."""
OUT_OF_SCOPE = "none"
# fmt: on

HAM_TRADE, SPAM_TRADE = 0.04, 0.5
"""Share of words of trade in a good message and in spam."""
CAMPAIGN_WORDS, CAMPAIGN_SHARE = 6, 0.5
"""Words that a campaign repeats, and their share among its words of trade."""
OWN_SHARE = 0.5
"""Share of the words of a question that are of its own subject; the rest is general."""

MESSAGE_WORDS = (*EVERYDAY, *TRADE)
QUESTION_WORDS = tuple(
    dict.fromkeys([*GENERAL, *(w for words in (*INTENTS.values(), *HIDDEN.values()) for w in words)])
)


def zipf(n: int) -> Floats:
    """Return weights 1, 1/2, ..., 1/n, normalised.

    Examples:
        >>> zipf(2).round(3).tolist()
        [0.667, 0.333]
    """
    weight = 1 / np.arange(1, n + 1)
    return np.asarray(weight / weight.sum())


def message_distributions(campaign: Ints) -> Floats:
    """Return the word distributions of a good message and of spam, shape (2, words).

    Args:
        campaign: Words of trade that spam repeats at this time, indices into `TRADE`.
    """
    everyday, trade = zipf(len(EVERYDAY)) * 0.5 + 0.5 / len(EVERYDAY), np.full(len(TRADE), 1 / len(TRADE))
    pushed = (1 - CAMPAIGN_SHARE) * trade
    pushed[campaign] += CAMPAIGN_SHARE / len(campaign)
    good = np.concatenate([(1 - HAM_TRADE) * everyday, HAM_TRADE * trade])
    spam = np.concatenate([(1 - SPAM_TRADE) * everyday, SPAM_TRADE * pushed])
    return np.stack([good, spam])


def question_distributions(intents: tuple[str, ...]) -> Floats:
    """Return the word distributions of questions, shape (intents + hidden subjects, words)."""
    place = {word: number for number, word in enumerate(QUESTION_WORDS)}
    general = np.zeros(len(QUESTION_WORDS))
    general[[place[word] for word in GENERAL]] = 1 / len(GENERAL)
    subjects = [INTENTS[name] for name in intents] + list(HIDDEN.values())
    rows = []
    for words in subjects:
        row = (1 - OWN_SHARE) * general
        row[[place[word] for word in words]] += OWN_SHARE * zipf(len(words))
        rows.append(row)
    return np.stack(rows)


def draw_words(rng: np.random.Generator, distributions: Floats, kind: Ints, length: Ints) -> list[Ints]:
    """Draw the words of each text, one by one from the distribution of its kind.

    Args:
        rng: Generator.
        distributions: Shape (kinds, words), rows add to 1.
        kind: Row of each text, shape (texts,).
        length: Number of words of each text, shape (texts,).
    """
    ends = np.cumsum(distributions, axis=1)
    ends[:, -1] = 1.0
    of = np.repeat(kind, length)
    u = rng.random(len(of))
    drawn = np.empty(len(of), dtype=np.int64)
    for row in np.unique(kind):
        drawn[of == row] = np.searchsorted(ends[row], u[of == row], side="right")
    return np.split(drawn, np.cumsum(length)[:-1])


def posterior(prior: Floats, distributions: Floats, texts: list[Ints]) -> Floats:
    """Return the chance of each kind given the words: Bayes' rule, shape (texts, kinds).

    Args:
        prior: Chance of each kind before reading, shape (texts, kinds) or (kinds,).
        distributions: Shape (kinds, words).
        texts: Words of each text.
    """
    with np.errstate(divide="ignore"):
        logs, start = np.log(distributions), np.log(prior)
    evidence = np.stack([logs[:, words].sum(axis=1) for words in texts]) + start
    evidence -= evidence.max(axis=1, keepdims=True)
    chance = np.exp(evidence)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))
