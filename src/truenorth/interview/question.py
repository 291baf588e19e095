"""One question of the interview, and the topics in the order in which a problem is framed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Topic = Literal[
    "goal", "product", "decision", "label", "data", "feature", "model", "policy", "offline", "online",
    "monitoring",
]  # fmt: skip
Family = Literal["ranking", "flagging", "classes", "amount"]
KindName = Literal["text", "number", "choice", "duration", "expression", "metric", "list", "yaml"]

TOPICS: dict[Topic, str] = {
    "goal": "Goal and constraints",
    "product": "Product outcome",
    "decision": "Decision",
    "label": "Label",
    "data": "Data",
    "feature": "Features",
    "model": "Model",
    "policy": "Policy",
    "offline": "Offline evaluation",
    "online": "Online test and serving",
    "monitoring": "Monitoring",
}
"""Titles by topic, in the order in which a problem is framed."""

FRAMING_TOPICS: tuple[Topic, ...] = ("goal", "product", "decision", "label")
"""Topics that frame the problem; all others build on them."""

FAMILIES: dict[Family, str] = {
    "ranking": "orders a list",
    "flagging": "acts on one case or lets it pass",
    "classes": "sorts into one of several classes",
    "amount": "names a number: a quantity, a promise, a price",
}
"""What each family of systems does."""

ESSENTIAL = 3
"""Weight of a question without whose answer there is no framing."""
ASKED_FOR = 2
"""Weight of a question whose answer the audit asks for."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One clarifying question."""

    id: str
    """Name, the key of its answer in a file."""
    topic: Topic
    """Where it stands in the order of framing."""
    text: str
    """What is asked."""
    why: str
    """Why the answer matters."""
    kind: KindName
    """What kind of answer is wanted."""
    example: Any
    """An answer that would do."""
    weight: int
    """3 no framing without it, 2 the audit asks for it, 1 it sharpens."""
    path: str = ""
    """Key of the framing that the answer fills, such as `business.kpi.metric`; empty where there is none."""
    place: str = ""
    """Key of the framing beside which the answer is noted; the path, where there is one."""
    choices: tuple[str, ...] = ()
    """The answers of a choice."""
    families: tuple[Family, ...] = ()
    """Families that it is asked for; all where empty."""
    cues: tuple[str, ...] = ()
    """Patterns by which practice finds the subject in free text."""
    origins: tuple[str, ...] = ()
    """What it covers of the source articles: file and hash of the sentence."""

    def to_dict(self) -> dict[str, Any]:
        """Return the question as plain JSON values."""
        return asdict(self)

    def fits(self, family: Family | None) -> bool:
        """Return whether it is asked for systems of a family; where none is known all questions are."""
        return family is None or not self.families or family in self.families
