"""Worlds: simulated logs whose truth is known, one per family of systems.

A world is a folder with a log as a product would have written it, a framing over that log, and, apart from
both, the truth that no product ever sees. Estimates made from the log can so be compared with what is so.

    make_world          simulate a world into a folder: the one verb
    load_world          find a world again from its folder
    WORLDS              the table of kinds: feed, payments
    World, WorldKind    world.py: what a finished world and a kind of world are
    feed.py             a ranked feed in which clicks and the weekly return part
    payments.py         card payments with fraud whose marks come late, or never, or wrongly
    stream.py           seeded generators and Parquet files written chunk by chunk

Formulas, columns and constants: docs/worlds.md, and `description` of every world.
"""

from truenorth.worlds.feed import FEED, FeedParameters
from truenorth.worlds.make import WORLDS, make_world
from truenorth.worlds.payments import PAYMENTS, PaymentsParameters
from truenorth.worlds.world import World, WorldKind, load_world

__all__ = [
    "FEED",
    "PAYMENTS",
    "WORLDS",
    "FeedParameters",
    "PaymentsParameters",
    "World",
    "WorldKind",
    "load_world",
    "make_world",
]
