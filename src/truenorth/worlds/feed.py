"""The feed world: a ranked feed in which what is clicked and what brings people back are not the same.

Items have a hidden quality `q` and bait `b`. Both raise clicks; only quality satisfies, and bait leaves
regret that grows with its square. Whether a user comes back next week depends on what the week's items were
worth. So a ranking that chases clicks gains at first, while it finds better items, and then loses the
return it was meant to serve.

The mechanism is split over files, read in this order: feed_population.py (who and what there is),
feed_exposure.py (visits, candidates, the logged policy), feed_response.py (what people do). This file runs
the days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from truenorth.worlds.feed_description import DESCRIPTION
from truenorth.worlds.feed_exposure import Exposure, Visits, draw_exposure, draw_visits
from truenorth.worlds.feed_framing import framing
from truenorth.worlds.feed_population import (
    ITEM_LIFE_DAYS,
    Items,
    Users,
    draw_items,
    draw_users,
    write_population,
)
from truenorth.worlds.feed_response import (
    Actions,
    Views,
    draw_actions,
    draw_views,
    return_probability,
)
from truenorth.worlds.feed_tables import (
    ACTIONS_SCHEMA,
    CANDIDATES_SCHEMA,
    IMPRESSIONS_SCHEMA,
    SESSIONS_SCHEMA,
    USER_WEEKS_SCHEMA,
    action_columns,
    candidate_columns,
    impression_columns,
    session_columns,
)
from truenorth.worlds.stream import (
    HOUR,
    Bools,
    Floats,
    Ints,
    day_name,
    day_start,
    generator,
    parquet_file,
    units,
    write_parquet,
)
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters, refuse

REQUESTS_PER_UNIT = 4096
POPULATION, WEEK, VISITS, REQUESTS = range(4)
"""First part of the spawn key of each kind of draw."""
SESSION_KNOWN_AFTER = HOUR


@dataclass(frozen=True, kw_only=True)
class FeedParameters:
    """Sizes and rates of a feed world."""

    users: int = 2000
    """Number of people."""
    days: int = 28
    """Length in days, from a Monday on; the return of a week needs the week after it."""
    items: int | None = None
    """Number of items over the whole time; by default a quarter of the users, and enough for every day."""
    slots: int = 3
    """Places in a list; each is one decision."""
    candidates: int = 10
    """Candidates of each place; a request logs slots x candidates rows."""
    temperature: float = 1.0
    """Divisor of the logged score in the policy's softmax: larger explores more."""
    exploration: float = 0.03
    """Share of decisions that are uniform over the candidates."""
    bait: float = 1.0
    """Multiplier of every item's bait; 0 is a feed in which nothing promises more than it holds."""
    late_share: float = 0.01
    """Share of actions that arrive up to two days late."""
    duplicate_share: float = 0.0
    """Share of action rows that stand in the log twice, exactly alike."""

    def __post_init__(self) -> None:
        check_parameters("feed", self, RANGES)
        if self.n_items < self.least_items:
            rows = self.slots * self.candidates
            raise refuse(
                "feed.items",
                f"at least {self.least_items}, so that every request finds {rows} different items",
                str(self.items),
                f"choose items={self.least_items} or more, or fewer slots or candidates",
            )

    @property
    def least_items(self) -> int:
        """Fewest items with which every day's pool holds three times what a request needs."""
        return math.ceil(3 * self.slots * self.candidates * (self.days + ITEM_LIFE_DAYS) / ITEM_LIFE_DAYS)

    @property
    def n_items(self) -> int:
        """Number of items, the default filled in."""
        return max(self.users // 4, self.least_items) if self.items is None else self.items


RANGES = {
    "users": Range(int, 1, 10**9),
    "days": Range(int, 1, 3660),
    "items": Range(int, 1, 10**9),
    "slots": Range(int, 1, 8),
    "candidates": Range(int, 2, 100),
    "temperature": Range(float, 0.01, 100),
    "exploration": Range(float, 0, 1),
    "bait": Range(float, 0, 10),
    "late_share": Range(float, 0, 1),
    "duplicate_share": Range(float, 0, 1),
}


@dataclass
class State:
    """What one day hands to the next: who is active this week, their sure day, and what it was worth."""

    is_active: Bools
    sure_day: Ints
    worth: Floats
    """Sum of the satisfaction of the items that were reached."""
    n_reached: Floats

    @classmethod
    def open(cls, is_active: Bools, sure_day: Ints) -> State:
        """Return a week in which nothing was seen yet."""
        return cls(is_active, sure_day, np.zeros(len(is_active)), np.zeros(len(is_active)))

    @property
    def satisfaction(self) -> Floats:
        """Mean satisfaction of the items that were reached, 0 where none was."""
        return self.worth / np.maximum(self.n_reached, 1.0)


def simulate(folder: Path, parameters: FeedParameters, seed: int) -> Outcome:
    """Write the feed's log, dimensions and truth, one day after the other.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes and rates.
        seed: Seed of the world.

    Returns:
        Rows by table, and the realised weekly return.
    """
    items = draw_items(generator(seed, POPULATION, 0), parameters.n_items, parameters.days)
    items = replace(items, bait=parameters.bait * items.bait)
    users = draw_users(generator(seed, POPULATION, 1), parameters.users)
    run = _Run(folder, parameters, seed, users, items)
    rows = write_population(folder, users, items)
    with ExitStack() as files:
        run.open_truth(files)
        for day in range(parameters.days):
            run.day(day)
        run.close_week((parameters.days - 1) // 7)
    return Outcome(rows={**run.rows, **rows}, facts=run.facts())


class _Run:
    """The days of one simulation: its state, its open truth files and its counts."""

    def __init__(
        self, folder: Path, parameters: FeedParameters, seed: int, users: Users, items: Items
    ) -> None:
        self.folder, self.parameters, self.seed = folder, parameters, seed
        self.users, self.items = users, items
        self.end = day_start(parameters.days)
        self.rows = dict.fromkeys(("candidates", "actions", "sessions"), 0)
        self.next_request = 0
        self.returned, self.user_weeks = 0, 0
        self.state = State.open(np.zeros(users.n, dtype=np.bool_), np.zeros(users.n, dtype=np.int64))

    def open_truth(self, files: ExitStack) -> None:
        truth = self.folder / "truth"
        self.late_actions = files.enter_context(
            parquet_file(truth / "unreceived_actions.parquet", ACTIONS_SCHEMA)
        )
        self.late_sessions = files.enter_context(
            parquet_file(truth / "unreceived_sessions.parquet", SESSIONS_SCHEMA)
        )
        self.weeks = files.enter_context(parquet_file(truth / "user_weeks.parquet", USER_WEEKS_SCHEMA))

    def day(self, day: int) -> None:
        """Simulate a day: its visits, then unit by unit what was shown and what people did."""
        if day % 7 == 0:
            self._open_week(day // 7)
        state = self.state
        is_sure = state.is_active & (state.sure_day == day % 7)
        rng = generator(self.seed, VISITS, day)
        visits = draw_visits(rng, self.users, state.is_active, is_sure, day, self.next_request)
        self.next_request += visits.n
        self._write_sessions(day, visits)
        self._write_units(day, visits)

    def _write_units(self, day: int, visits: Visits) -> None:
        name = f"{day_name(day)}.parquet"
        log, truth = self.folder / "log", self.folder / "truth"
        with (
            parquet_file(log / "candidates" / name, CANDIDATES_SCHEMA) as append_candidates,
            parquet_file(log / "actions" / name, ACTIONS_SCHEMA) as append_actions,
            parquet_file(truth / "impressions" / name, IMPRESSIONS_SCHEMA) as append_impressions,
        ):
            for exposure, views, actions in self._units(day, visits):
                self.rows["candidates"] += append_candidates(candidate_columns(exposure, views, self.end))
                append_impressions(impression_columns(exposure, views))
                received = actions.received_at < self.end
                self.rows["actions"] += append_actions(action_columns(actions, received))
                self.late_actions(action_columns(actions, ~received))
                for total, each in (
                    (self.state.worth, views.satisfaction), (self.state.n_reached, views.is_reached),
                ):  # fmt: skip
                    total += np.bincount(exposure.user, each.sum(axis=1), minlength=self.users.n)

    def _units(self, day: int, visits: Visits) -> Iterator[tuple[Exposure, Views, Actions]]:
        p = self.parameters
        for number, rows in units(visits.n, REQUESTS_PER_UNIT):
            rng = generator(self.seed, REQUESTS, day, number)
            exposure = draw_exposure(
                rng, visits.rows(rows), self.users, self.items, day,
                slots=p.slots, candidates=p.candidates, temperature=p.temperature, exploration=p.exploration,
            )  # fmt: skip
            views = draw_views(rng, exposure)
            yield exposure, views, draw_actions(rng, exposure, views, p.late_share, p.duplicate_share)

    def _open_week(self, week: int) -> None:
        rng = generator(self.seed, WEEK, week)
        if week:
            chance = self.close_week(week - 1)
        else:
            chance = return_probability(self.users.return_intercept + 1.0, self.state.satisfaction)
        is_active = rng.random(self.users.n) < chance
        if week:
            self.returned += int(is_active[self.state.is_active].sum())
            self.user_weeks += int(self.state.is_active.sum())
        self.state = State.open(is_active, rng.integers(0, 7, self.users.n))

    def close_week(self, week: int) -> Floats:
        """Write what the week was worth to each user, and return the probability of coming back."""
        state = self.state
        chance = return_probability(self.users.return_intercept, state.satisfaction)
        for _, rows in units(self.users.n, 2**20):
            self.weeks(
                {
                    "user": np.arange(rows.start, rows.stop),
                    "week": np.full(rows.stop - rows.start, week),
                    "is_active": state.is_active[rows],
                    "n_reached": state.n_reached[rows],
                    "satisfaction": state.satisfaction[rows],
                    "return_probability": chance[rows],
                }
            )
        return chance

    def _write_sessions(self, day: int, visits: Visits) -> None:
        received = visits.started_at + SESSION_KNOWN_AFTER < self.end
        path = self.folder / "log" / "sessions" / f"{day_name(day)}.parquet"
        self.rows["sessions"] += write_parquet(path, SESSIONS_SCHEMA, session_columns(visits, received))
        self.late_sessions(session_columns(visits, ~received))

    def facts(self) -> dict[str, float]:
        """Return the KPI as it came out; NaN-free: 0 where no week was followed by another."""
        share = self.returned / self.user_weeks if self.user_weeks else 0.0
        return {
            "weekly_return": round(share, 4),
            "requests_per_day": round(self.next_request / self.parameters.days, 1),
        }


FEED = WorldKind(
    name="feed",
    summary="A ranked feed with logged propensities, in which clicks and the weekly return part",
    parameters=FeedParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The feed world, as `WORLDS` holds it."""
