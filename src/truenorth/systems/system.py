"""The table of systems: what each decides, which world it runs on, and on which real data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

from truenorth.errors import Finding, FramingError, suggest
from truenorth.worlds import World
from truenorth.worlds.world import START

CATALOGUE = Path(__file__).parent / "catalogue"
"""Folder of the framings, one folder per system."""


@dataclass(frozen=True, kw_only=True)
class System:
    """A ready framing of one decision."""

    name: str
    """Name in `SYSTEMS`."""
    title: str
    """What it is called."""
    decision: str
    """What is decided, in one sentence."""
    world: str
    """Kind of world that it runs on, a key of `WORLDS`."""
    sizes: Mapping[str, int]
    """Parameters of the world with which a whole run takes less than a minute."""
    dataset: str
    """Real data that it runs on, a key of `DATASETS`."""

    @property
    def folder(self) -> Path:
        """Where its framings and the files beside them lie."""
        return CATALOGUE / self.name

    def variant(self, on: str) -> Path:
        """Return the folder of its framing on a `world` or on `real` data, with the files that it reads."""
        return self.folder / on

    def text(self, on: str) -> str:
        """Return the text of its framing as it lies in the catalogue.

        In the framing of a world, `$covers`, `$start` and the world's facts stand for the figures of a run.
        """
        return (self.variant(on) / "framing.yaml").read_text(encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Return the system as plain JSON values."""
        return asdict(self)


def world_framing(system: System, world: World) -> str:
    """Return the framing of a system over one simulated world, with the figures of that world."""
    start, end = f"{START:%Y-%m-%d}", f"{world.recorded_until:%Y-%m-%d}"
    figures = {"start": start, "end": end, "covers": f"{start}..{end}", **world.facts}
    return Template(system.text("world")).substitute(figures)


SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        System(
            name="card-fraud",
            title="Card fraud",
            decision="Let a payment settle, ask the customer, hold it for review, or block it",
            world="payments",
            sizes={"customers": 1500, "days": 300},
            dataset="fraud_handbook",
        ),
        System(
            name="video-feed",
            title="Video feed",
            decision="Which videos to show first",
            world="feed",
            sizes={"users": 400, "days": 56, "slots": 8, "candidates": 4},
            dataset="kuairand_pure",
        ),
        System(
            name="churn",
            title="Churn outreach",
            decision="Which customers the agents call this week",
            world="purchases",
            sizes={"customers": 3000, "days": 420},
            dataset="cdnow",
        ),
        System(
            name="spam",
            title="Spam filter",
            decision="Deliver a message, or block it under a ceiling on good messages blocked",
            world="messages",
            sizes={"messages": 150, "questions": 1, "days": 84},
            dataset="sms_spam",
        ),
        System(
            name="intent-routing",
            title="Intent routing",
            decision="Which desk answers a question, or whether a person reads it first",
            world="messages",
            sizes={"messages": 1, "questions": 150, "days": 70},
            dataset="clinc150",
        ),
        System(
            name="arrival-time",
            title="Arrival time",
            decision="Which arrival time to promise",
            world="trips",
            sizes={"trips": 400, "days": 70},
            dataset="nyc_green_taxi",
        ),
        System(
            name="demand",
            title="Demand planning",
            decision="How many units to order for each hour ahead",
            world="sales",
            sizes={"series": 30, "days": 84},
            dataset="m4_hourly",
        ),
    )
}
"""Every system, by name."""


def system_named(name: str) -> System:
    """Return a system.

    Raises:
        FramingError: If there is none of this name.
    """
    if name not in SYSTEMS:
        fix = suggest(name, tuple(SYSTEMS), otherwise=f"choose one of {', '.join(SYSTEMS)}.")
        evidence = f"expected a system, got {name!r}."
        raise FramingError(Finding(code="SYSTEM001", where="system", evidence=evidence, fix=fix))
    return SYSTEMS[name]
