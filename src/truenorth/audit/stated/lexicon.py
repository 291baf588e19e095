"""Words by which a framing's prose and names say what they do not declare: domains, adversaries, traps.

A word is a hint, never a proof: rules that rest on one say which word it was, so that a wrong guess is seen
and waived.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from truenorth.framing.framing import Framing

_WORDS = re.compile(r"[^\W_]+")
_ENDING = "(e|s|es|d|ed|ing)?"

DOMAINS: Mapping[str, tuple[str, ...]] = {
    "lending": ("credit risk", "credit approval", "credit score", "loan", "lend", "lending", "mortgage",
                "borrower", "default on", "underwriting"),
    "health": ("patient", "patients", "clinical", "clinic", "hospital", "diagnosis", "health", "medical",
               "triage", "nurse", "icd"),
    "hiring": ("hiring", "hire", "recruiting", "candidate screening", "applicant screening", "resume",
               "job applicant"),
    "housing": ("housing", "tenant", "tenants", "rental application", "landlord"),
    "minors": ("minors", "children", "child", "kids", "pupil", "pupils", "under 13", "under 16"),
}  # fmt: skip
"""Regulated domains, and the words that imply them."""

REGULATIONS: Mapping[str, tuple[str, ...]] = {
    "lending": ("ecoa", "eu_ai_act"), "health": ("hipaa", "gdpr", "eu_ai_act"),
    "hiring": ("eu_ai_act", "gdpr"), "housing": ("fha",), "minors": ("coppa", "gdpr"),
}  # fmt: skip
"""The keys of `business.regulation` that usually apply in a domain; which do is for counsel to say."""

ADVERSARIAL = ("fraud", "spam", "abuse", "bot", "bots", "scam", "phishing", "cheat", "moderation", "attacker",
               "attackers", "laundering", "fake")  # fmt: skip
"""Words of domains whose subjects adapt to the model."""

CATASTROPHIC = ("death", "deaths", "injury", "clinical", "patient", "patients", "surgery",
                "self driving", "braking", "weapon", "sepsis", "overdose", "safety critical")  # fmt: skip
"""Words of domains in which one error can be past mending."""

PROTECTED = (
    "sex", "gender", "race", "ethnicity", "religion", "age", "marriage", "marital", "marital status",
    "nationality", "national origin", "disability", "pregnancy", "colour", "color", "sexual orientation",
)  # fmt: skip
"""Names of attributes that the law protects somewhere."""

GENERATION = ("generate", "generated", "generation", "summary", "summaries", "chatbot", "reply draft",
              "draft reply", "llm", "language model", "answer text", "translation")  # fmt: skip
"""Words of systems whose output is text or another structure that is generated."""

HANDS_OVER = ("review", "ask", "refer", "referred", "referral", "call", "phone", "hold", "escalate", "hand",
              "handover", "queue", "approval", "inspect", "check", "verify", "visit", "contact", "manual",
              "investigate", "human", "person", "agent", "expert", "editor", "nurse", "doctor",
              "lawyer")  # fmt: skip
"""Words in the name of an action that hands a case to a person, whose time it takes."""

TAKES_AWAY = ("decline", "deny", "denied", "denial", "reject", "refuse", "refusal", "block", "remove",
              "removal", "hide", "suspend", "ban", "banned", "delete", "withhold", "suppress", "quarantine",
              "drop", "filter", "takedown")  # fmt: skip
"""Words in the name of an action that takes something from a person, and hides what would have come of it."""


def hands_over(framing: Framing) -> tuple[str, ...]:
    """Return the actions whose name says that a person takes over."""
    actions = framing.policy.actions if framing.policy else {}
    return tuple(name for name in actions if verbs_in(name, HANDS_OVER))


def plain(*texts: object) -> str:
    """Return names and prose as words with spaces between them, in lower case.

    Examples:
        >>> plain("play_time_ms", "action = 'click'", None)
        'play time ms action click'
    """
    return " ".join(_WORDS.findall(" ".join(str(text) for text in texts if text is not None).lower()))


_plain_word = cache(plain)
"""The words of the tables are asked for again and again."""


def words_in(text: str, words: Iterable[str]) -> tuple[str, ...]:
    """Return which words or phrases stand in a text, whole, whatever their case and whatever parts them.

    Examples:
        >>> words_in("Lend to people who pay back", DOMAINS["lending"])
        ('lend',)
        >>> words_in("add_to_cart; long_view", ("cart", "add to cart", "long_view", "art"))
        ('cart', 'add to cart', 'long_view')
    """
    padded = f" {plain(text)} "
    return tuple(word for word in words if f" {_plain_word(word)} " in padded)


def verbs_in(name: str, verbs: Iterable[str]) -> tuple[str, ...]:
    """Return which verbs stand in a name, also as `calls`, `called` or `calling`; never inside a word.

    Examples:
        >>> verbs_in("ask_customer", HANDS_OVER), verbs_in("put_on_hold", HANDS_OVER)
        (('ask',), ('hold',))
        >>> verbs_in("send_to_bank", ("ban",)), verbs_in("personal_offer", HANDS_OVER)
        ((), ())
    """
    words = _WORDS.findall(name.lower())
    forms = {verb: verb.removesuffix("e") + _ENDING for verb in verbs}
    return tuple(verb for verb, form in forms.items() if any(re.fullmatch(form, word) for word in words))


def is_money(unit: str) -> bool:
    """Return whether a unit names a currency: three capitals such as EUR, or a sign.

    Examples:
        >>> is_money("EUR per day"), is_money("share")
        (True, False)
    """
    return re.search(r"\b[A-Z]{3}\b|[$\u20ac\u00a3\u00a5]", unit) is not None


def domains_in(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the regulated domains that a text implies, each with the words that say so."""
    found = {domain: words_in(text, words) for domain, words in DOMAINS.items()}
    return {domain: words for domain, words in found.items() if words}
