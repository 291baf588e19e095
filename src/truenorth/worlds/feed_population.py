"""Who is in the feed world and what there is to show: users, creators and items, drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from truenorth.worlds.stream import DAY, STAMP, START_US, Floats, Ints, names_of, write_parquet

TOPICS = ("news", "sport", "music", "cooking", "travel", "science", "games", "style")
LANGUAGES = ("en", "es", "fr")
LANGUAGE_SHARES = np.array([0.6, 0.3, 0.1])
ITEM_LIFE_DAYS = 14
"""An item can be a candidate from its publication until this many days after it."""
ITEMS_PER_CREATOR = 10
CREATOR_WEIGHT = 0.9
"""Share of an item's quality and bait that its creator has: q = 0.9 Q + sqrt(1 - 0.9^2) e."""
AFFINITY_OF_INTEREST = 0.7
FOREIGN_PENALTY = 0.5
ACCOUNT_AGE_DAYS = 1000

USERS_SCHEMA = pa.schema([("user", pa.int64()), ("language", pa.string()), ("joined_at", STAMP)])
ITEMS_SCHEMA = pa.schema(
    [
        ("item", pa.int64()),
        ("creator", pa.int64()),
        ("language", pa.string()),
        ("topic", pa.string()),
        ("published_at", STAMP),
    ]
)
TRUE_USERS_SCHEMA = pa.schema(
    [
        ("user", pa.int64()),
        ("return_intercept", pa.float64()),
        ("daily_probability", pa.float64()),
        *((f"interest_{topic}", pa.float64()) for topic in TOPICS),
    ]
)
TRUE_ITEMS_SCHEMA = pa.schema([("item", pa.int64()), ("quality", pa.float64()), ("bait", pa.float64())])


@dataclass(frozen=True)
class Users:
    """Everyone in the feed; arrays of shape (users,) unless said otherwise."""

    language: Ints
    joined_at: Ints
    interest: Floats  # (users, topics), standard normal
    return_intercept: Floats
    daily_probability: Floats

    @property
    def n(self) -> int:
        """Number of users."""
        return len(self.language)


@dataclass(frozen=True)
class Items:
    """Every item, numbered by time of publication; arrays of shape (items,)."""

    creator: Ints
    language: Ints
    topic: Ints
    published_at: Ints
    quality: Floats
    bait: Floats

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.creator)

    def pool(self, since: int, until: int) -> range:
        """Return the items published in [since, until): a range, as they are numbered by time."""
        first, last = np.searchsorted(self.published_at, [since, until])
        return range(int(first), int(last))


def draw_users(rng: np.random.Generator, n: int) -> Users:
    """Draw users: interests N(0, 1), return intercept N(-0.3, 0.8), daily probability Beta(2, 3)."""
    return Users(
        language=rng.choice(len(LANGUAGES), n, p=LANGUAGE_SHARES),
        joined_at=START_US - rng.integers(DAY, ACCOUNT_AGE_DAYS * DAY, n),
        interest=rng.standard_normal((n, len(TOPICS))),
        return_intercept=rng.normal(-0.3, 0.8, n),
        daily_probability=rng.beta(2, 3, n),
    )


def draw_items(rng: np.random.Generator, n: int, days: int) -> Items:
    """Draw items, one every `span / n` with `span` = life + days; traits follow their creator's.

    Publication is evenly spaced, so that every day's pool has the same size.
    """
    creators = max(n // ITEMS_PER_CREATOR, 1)
    creator = rng.integers(0, creators, n)
    span = (ITEM_LIFE_DAYS + days) * DAY
    return Items(
        creator=creator,
        language=rng.choice(len(LANGUAGES), creators, p=LANGUAGE_SHARES)[creator],
        topic=rng.integers(0, len(TOPICS), n),
        published_at=START_US - ITEM_LIFE_DAYS * DAY + np.arange(n) * span // n,
        quality=_trait(rng, creator, creators),
        bait=_trait(rng, creator, creators),
    )


def _trait(rng: np.random.Generator, creator: Ints, creators: int) -> Floats:
    """Return a standard normal trait of which the creator has its share."""
    of_creator = rng.standard_normal(creators)[creator]
    of_item = rng.standard_normal(len(creator))
    return np.asarray(CREATOR_WEIGHT * of_creator + np.sqrt(1 - CREATOR_WEIGHT**2) * of_item)


def affinity(users: Users, items: Items, user: Ints, item: Ints) -> Floats:
    """Return how well items suit users: 0.7 interest[topic] - 0.5 [languages differ].

    Args:
        users: Everyone.
        items: Every item.
        user: User numbers, of a shape that broadcasts with `item`.
        item: Item numbers.

    Returns:
        Affinity, in units of the response's logit.
    """
    interest = users.interest[user, items.topic[item]]
    is_foreign = users.language[user] != items.language[item]
    return np.asarray(AFFINITY_OF_INTEREST * interest - FOREIGN_PENALTY * is_foreign)


def write_population(folder: Path, users: Users, items: Items) -> dict[str, int]:
    """Write what is public to `dim/` and what is hidden to `truth/`; return the rows of the public tables."""
    user, item = np.arange(users.n), np.arange(items.n)
    public_users = {
        "user": user,
        "language": names_of(users.language, LANGUAGES),
        "joined_at": users.joined_at,
    }
    public_items = {
        "item": item,
        "creator": items.creator,
        "language": names_of(items.language, LANGUAGES),
        "topic": names_of(items.topic, TOPICS),
        "published_at": items.published_at,
    }
    true_users = {
        "user": user,
        "return_intercept": users.return_intercept,
        "daily_probability": users.daily_probability,
        **{f"interest_{topic}": users.interest[:, code] for code, topic in enumerate(TOPICS)},
    }
    true_items = {"item": item, "quality": items.quality, "bait": items.bait}
    write_parquet(folder / "truth" / "users.parquet", TRUE_USERS_SCHEMA, true_users)
    write_parquet(folder / "truth" / "items.parquet", TRUE_ITEMS_SCHEMA, true_items)
    return {
        "users": write_parquet(folder / "dim" / "users.parquet", USERS_SCHEMA, public_users),
        "items": write_parquet(folder / "dim" / "items.parquet", ITEMS_SCHEMA, public_items),
    }
