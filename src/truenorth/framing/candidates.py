"""Candidates: where the things to rank come from, before any model sees them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.section import Names, Section

RETRIEVERS = ("popular", "recent", "lexical", "vector", "similar", "random")


class Retriever(Section):
    """One way of finding candidates in a source."""

    popular: str | None = None
    """Source whose most frequent items are taken."""
    recent: str | None = None
    """Source whose newest items are taken."""
    lexical: str | None = None
    """Source whose texts are searched by words."""
    vector: str | None = None
    """Source whose texts are searched by meaning."""
    similar: str | None = None
    """Source whose items are near those the user had."""
    random: str | None = None
    """Source of which a random part is taken."""
    text: Names = ()
    """Text columns that are searched."""
    by: Names = ()
    """Key columns that items are counted by."""
    where: Expression | None = None
    """Items that may be taken."""
    last: Duration | None = None
    """How far back items are counted."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Most candidates to take."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [name for name in RETRIEVERS if getattr(self, name) is not None]
        if len(forms) != 1:
            raise PydanticCustomError(
                "candidates",
                "expected exactly one of {wanted}, got {got}. Fix: keep one",
                {"wanted": ", ".join(RETRIEVERS), "got": " and ".join(forms) or "none"},
            )
        return self

    @property
    def form(self) -> str:
        """Which retriever it is."""
        return next(name for name in RETRIEVERS if getattr(self, name) is not None)

    @property
    def source(self) -> str:
        """The source that is searched."""
        return str(getattr(self, self.form))


class Candidates(Section):
    """The retrieval stage."""

    stages: Annotated[tuple[Retriever, ...], Field(min_length=1)]
    """Retrievers, each with its own limit."""
    fuse: Literal["rrf", "union"] = "rrf"
    """How their lists are joined: reciprocal rank fusion, or all of them."""

    short_form = {"type": "array", "items": {"type": "object"}}

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read a list of retrievers, which may end with `{fuse: rrf}`."""
        if not isinstance(value, list | tuple):
            return value
        fuse = [item for item in value if isinstance(item, dict) and set(item) == {"fuse"}]
        stages = [item for item in value if item not in fuse]
        return {"stages": stages, **(fuse[0] if fuse else {})}
