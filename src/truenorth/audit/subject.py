"""What rules read: the framing as it is meant and as it was written, the built examples, the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from truenorth.audit.evidence import DataEvidence
from truenorth.errors import Finding
from truenorth.framing.document import Document
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Label
from truenorth.framing.names import tasks
from truenorth.framing.sources import Source


@dataclass(frozen=True, eq=False)
class Subject:
    """One framing under audit, with what is known about it."""

    framing: Framing
    """Expanded: every default and short form spelled out."""
    today: date
    """Day on which waivers must hold."""
    document: Document | None = None
    """The file as it was written; None for a framing that is no file."""
    proved: tuple[Finding, ...] = ()
    """What reading the file found: future reads and what sections owe each other."""
    data: DataEvidence | None = None
    """The built examples; None before there are any. Data rules run only where there are."""
    run: Mapping[str, Any] | None = None
    """`run.json` of a run; None before there is one. Run rules run only where there is."""
    base: Path | None = None
    """Folder that the framing's paths start from."""
    notes: tuple[Finding, ...] = ()
    """What is wrong beside the rules: what a run would refuse, a run of another version of the framing."""

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Names of the labels that are predicted."""
        return tasks(self.framing)

    @cached_property
    def trained(self) -> Mapping[str, Label]:
        """The labels that are predicted, by name."""
        return {name: self.framing.labels[name] for name in self.tasks}

    @cached_property
    def example_source(self) -> Source | None:
        """The source whose rows are the examples; None for a calendar."""
        return self.framing.sources.get(self.framing.table.source or "")

    @cached_property
    def is_online(self) -> bool:
        """Whether decisions are made one by one while someone waits, as far as the framing says."""
        framing = self.framing
        if framing.serving.mode is not None:
            return framing.serving.mode == "online"
        policy = framing.policy
        is_batch = framing.table.every is not None or framing.table.at == "none"
        if policy is not None:
            together = any(capacity.together for capacity in policy.capacity.values())
            is_batch = is_batch or policy.select is not None or together
        return not is_batch or framing.business.latency_p99 is not None

    @cached_property
    def words(self) -> str:
        """The framing's prose in lower case: name, goal, decision, users, outcome, uses, risks."""
        framing = self.framing
        business, product = framing.business, framing.product
        said = [framing.name, business.goal, business.decision, business.users, product.outcome]
        said += [product.intended_use, *product.known_risks]
        return " ".join(text for text in said if text).lower().replace("_", " ").replace("-", " ")

    def written(self, *path: str | int) -> Any:
        """Return what the file says at a path, None where it says nothing; `examples` as it was written.

        Without a file it is what the framing holds, so that a default cannot be told from a statement.
        """
        here: Any = self._plain if self.document is None else self.document.data
        for part in path:
            is_there = (isinstance(here, Mapping) and part in here) or (
                isinstance(here, list) and isinstance(part, int) and part < len(here)
            )
            if not is_there:
                return None
            here = here[part]
        return here

    def said(self, code: str) -> tuple[Finding, ...]:
        """Return what reading the file found under a code."""
        return tuple(finding for finding in self.proved if finding.code == code)

    @cached_property
    def _plain(self) -> Mapping[str, Any]:
        from truenorth.framing.canonical import to_plain

        return dict(to_plain(self.framing))
