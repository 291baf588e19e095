"""The verb: simulate a world of a kind into a folder, all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from truenorth.errors import DataError, suggest
from truenorth.worlds.feed import FEED
from truenorth.worlds.messages import MESSAGES
from truenorth.worlds.payments import PAYMENTS
from truenorth.worlds.purchases import PURCHASES
from truenorth.worlds.sales import SALES
from truenorth.worlds.trips import TRIPS
from truenorth.worlds.world import World, WorldKind, problem, recorded_until, refuse

WORLDS: dict[str, WorldKind] = {
    kind.name: kind for kind in (FEED, PAYMENTS, PURCHASES, MESSAGES, TRIPS, SALES)
}
"""Every kind of world, by name."""


def make_world(name: str, out: str | Path, *, seed: int = 0, overwrite: bool = False, **size: Any) -> World:
    """Simulate a log with known truth into a folder.

    The folder appears whole or not at all: it is written under a temporary name beside `out`, then renamed.
    The same name, seed and sizes give byte-equal files, whatever the machine's memory or number of cores.

    Args:
        name: Kind of world, a key of `WORLDS`.
        out: Folder to make; it must be absent or empty, unless `overwrite` is set and it holds a world.
        seed: Any whole number from 0 up; every random number follows from it.
        overwrite: Whether a world that already lies in `out` may be replaced.
        **size: Parameters of the kind, such as `users` and `days`; see `WORLDS[name].parameters`.

    Returns:
        The world: its folders, its truth and its closed description.

    Raises:
        DataError: If the kind or a parameter is unknown or out of range, or the folder is taken.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     world = make_world("feed", folder, seed=7, users=50, days=2)
        ...     world.rows["candidates"] % 30, world.framing.name
        (0, 'framing.yaml')
    """
    kind = _kind(name)
    _check_seed(seed)
    parameters = _parameters(kind, size)
    out = Path(out)
    _check_free(out, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        world = _write(kind, draft, parameters, seed)
        _move(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return World(root=out, **{key: value for key, value in vars(world).items() if key != "root"})


def _kind(name: str) -> WorldKind:
    if name not in WORLDS:
        known = tuple(WORLDS)
        fix = suggest(name, known, otherwise=f"choose {' or '.join(known)}")
        raise refuse("world", f"one of {', '.join(known)}", repr(name), fix)
    return WORLDS[name]


def _check_seed(seed: object) -> None:
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise refuse("seed", "a whole number from 0 up", repr(seed), "choose such a number, for example 0")


def _parameters(kind: WorldKind, size: dict[str, Any]) -> Any:
    known = [field.name for field in fields(kind.parameters)]
    unknown = [name for name in size if name not in known]
    if unknown:
        fixes = {name: suggest(name, known, otherwise="leave it out") for name in unknown}
        expected = f"a parameter of the {kind.name} world ({', '.join(known)})"
        raise DataError(
            [problem(f"{kind.name}.{name}", expected, repr(name), fixes[name]) for name in unknown]
        )
    return kind.parameters(**size)


def _check_free(out: Path, *, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise refuse(str(out), "a folder", "a file", "choose another place")
    if not (out / "truth" / "description.json").is_file():
        raise refuse(
            str(out), "an absent or empty folder", "one that holds other files", "choose another folder"
        )
    if not overwrite:
        fix = "choose another folder, remove this one, or allow it to be overwritten"
        raise refuse(str(out), "an absent or empty folder", "one that holds a world", fix)


def _write(kind: WorldKind, folder: Path, parameters: Any, seed: int) -> World:
    outcome = kind.simulate(folder, parameters, seed)
    world = World(
        name=kind.name,
        root=folder,
        seed=seed,
        parameters=asdict(parameters),
        recorded_until=recorded_until(parameters),
        rows=outcome.rows,
        facts=outcome.facts,
        description=kind.description,
    )
    world.framing.write_text(kind.framing(parameters, outcome.facts))
    (world.truth / "description.json").write_text(json.dumps(world.to_dict(), indent=2) + "\n")
    return world


def _move(draft: Path, out: Path) -> None:
    draft.chmod(0o777 & ~_umask())
    if out.exists():
        shutil.rmtree(out)
    draft.replace(out)


def _umask() -> int:
    """Return the process's mask: a temporary folder is private, a world is as open as any other folder."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
