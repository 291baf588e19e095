"""The parts of the split: who belongs to which, and when the labels of each are read.

The labels of a part are read as of the start of the next part, so that training sees only what could be known
when validation began. Between two parts lies the embargo, exactly as long as the trained labels need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from truenorth.engine.lowering import Tree, call, column, number, text, when
from truenorth.engine.windows import Cutoff
from truenorth.framing.durations import Duration
from truenorth.framing.periods import Moment, Period
from truenorth.framing.split import PARTS, Split, Tail

SPLIT = "__split"


@dataclass(frozen=True)
class Part:
    """A stretch of prediction times, and when its labels are read."""

    name: str
    start: int | None
    """First prediction time, microseconds; None for the beginning of the log."""
    end: int
    """First prediction time after it."""
    as_of: int

    def to_dict(self) -> dict[str, str | None]:
        """Return the part with readable times."""
        start = None if self.start is None else str(Moment(self.start))
        return {"start": start, "end": str(Moment(self.end)), "as_of": str(Moment(self.as_of))}


@dataclass(frozen=True)
class Parts:
    """A resolved split."""

    parts: tuple[Part, ...]
    as_of: int
    """When everything else is read."""
    split: Split | None = None
    horizon: int = 0
    """Longest time until a trained label that waits is mature, microseconds."""

    def part_of(self, at: Tree, hashed: Tree) -> Tree:
        """Return the part's name for a prediction time and a hash fraction in [0, 1)."""
        if self.split is None:
            return exp.cast(exp.null(), "VARCHAR")
        if self.split.form == "random":
            return _by_share({str(name): share for name, share in (self.split.random or {}).items()}, hashed)
        if self.split.form == "column":
            return _by_value(self.split)
        ifs = [exp.If(this=_holds(part, at), true=self._named(part, hashed)) for part in self.parts]
        return exp.Case(ifs=ifs) if ifs else exp.cast(exp.null(), "VARCHAR")

    def _named(self, part: Part, hashed: Tree) -> Tree:
        """A share of validation, chosen by hash, may serve as calibration."""
        calibration = self.split.calibration if self.split else None
        if isinstance(calibration, Tail) and calibration.share and part.name == calibration.of:
            chosen = exp.LT(this=hashed.copy(), expression=number(calibration.share))
            return when(chosen, text("calibration"), text(part.name))
        return text(part.name)

    def as_of_of(self, at: Tree) -> Tree:
        """Return when the labels of a prediction time are read."""
        early = [part for part in self.parts if part.as_of != self.as_of]
        if not early:
            return exp.cast(number(self.as_of), "BIGINT")
        ifs = [exp.If(this=_holds(part, at), true=number(part.as_of)) for part in early]
        return exp.cast(exp.Case(ifs=ifs, default=number(self.as_of)), "BIGINT")

    def cutoffs(self, reach: int | None) -> tuple[Cutoff, ...]:
        """Return one cutoff per distinct reading; `reach` is how far after `at` any label sees."""
        # a part may be read with another, and rows of its lists may stand after its end
        early = {part.as_of: part for part in self.parts if part.as_of != self.as_of}
        bounded = [
            Cutoff(as_of, part.start, None if reach is None else part.end + reach)
            for as_of, part in early.items()
        ]
        return (*bounded, Cutoff(self.as_of))


def resolve(split: Split | None, *, as_of: int, horizon: int | None, fold: int = 0) -> Parts:
    """Return the parts of a split.

    Args:
        split: What the framing declares; None for no split.
        as_of: When everything is read, microseconds.
        horizon: Longest time until a trained, waiting label is mature, microseconds; None for never.
        fold: Which rolling fold; 0 is the latest.
    """
    if split is None or split.form in ("random", "column"):
        return Parts((), as_of, split, horizon or 0)
    shift = fold * split.folds.every.microseconds if split.folds else 0
    wait = horizon or 0
    parts = (
        _from_lengths(split, as_of - shift, wait) if split.form == "lengths" else _from_periods(split, shift)
    )
    return Parts(_read_as_of_next(_with_tails(split, parts), as_of), as_of, split, wait)


def _from_lengths(split: Split, as_of: int, horizon: int) -> list[Part]:
    """Count the parts back from `as_of`, each one horizon before the next."""
    parts: list[Part] = []
    end = as_of - horizon
    for name in reversed(PARTS):
        length = getattr(split, name)
        if isinstance(length, Duration):
            parts.append(Part(name, end - length.microseconds, end, as_of))
            end = end - length.microseconds - horizon
        elif name == "train" and length is None:
            parts.append(Part(name, None, end, as_of))
    return parts[::-1]


def _from_periods(split: Split, shift: int) -> list[Part]:
    named: list[tuple[str, Period]] = []
    for name in PARTS:
        period = getattr(split, name)
        if isinstance(period, Period):
            named.append((name, period))
        elif isinstance(period, dict):
            named += [(f"{name}.{key}", item) for key, item in period.items()]
    return [
        Part(name, period.start.microseconds - shift, period.end.microseconds - shift, 0)
        for name, period in named
    ]


def _with_tails(split: Split, parts: list[Part]) -> list[Part]:
    """Cut the last stretch of a part into a part of its own: `validation: 7d of train`."""
    for name in ("validation", "calibration"):
        tail = getattr(split, name)
        if isinstance(tail, Tail) and tail.last is not None:
            parent = next(part for part in parts if part.name == tail.of)
            start = parent.end - tail.last.microseconds
            parts = [replace(part, end=start) if part is parent else part for part in parts]
            parts.append(Part(name, start, parent.end, parent.as_of))
    return sorted(parts, key=lambda part: part.end)


def _read_as_of_next(parts: Iterable[Part], as_of: int) -> tuple[Part, ...]:
    ordered = sorted(parts, key=lambda part: part.end)
    read = []
    for part in ordered:
        later = [other.start for other in ordered if other.start is not None and other.start >= part.end]
        read.append(replace(part, as_of=min([*later, as_of])))
    return tuple(read)


def _holds(part: Part, at: Tree) -> Tree:
    before = exp.LT(this=at.copy(), expression=number(part.end))
    if part.start is None:
        return before
    return exp.and_(exp.GTE(this=at.copy(), expression=number(part.start)), before)


def _by_share(shares: Mapping[str, float], hashed: Tree) -> Tree:
    ifs, total = [], 0.0
    names = [name for name in PARTS if name in shares]
    for name in names[:-1]:
        total += shares[name]
        ifs.append(exp.If(this=exp.LT(this=hashed.copy(), expression=number(total)), true=text(name)))
    return exp.Case(ifs=ifs, default=text(names[-1])) if ifs else text(names[-1])


def _by_value(split: Split) -> Tree:
    assert split.column is not None
    value = exp.cast(column(f"c__{split.column}"), "VARCHAR")
    named = [(name, getattr(split, name)) for name in PARTS]
    ifs = [
        exp.If(this=exp.EQ(this=value.copy(), expression=text(str(item))), true=text(name))
        for name, item in named
        if item is not None and not isinstance(item, Tail)
    ]
    return exp.Case(ifs=ifs)


def hash_fraction(value: Tree, seed: int, dialect: str) -> Tree:
    """Return a number in [0, 1) from the MD5 of a text and a seed, the same on every engine."""
    salted = exp.MD5(this=call("concat", exp.cast(value, "VARCHAR"), text(f"#{seed}")))
    digits = exp.Substring(this=salted, start=number(1), length=number(8))
    if dialect == "spark":
        whole: Tree = exp.cast(call("conv", digits, number(16), number(10)), "BIGINT")
    else:
        whole = exp.cast(call("concat", text("0x"), digits), "BIGINT")
    return exp.paren(exp.Div(this=exp.cast(whole, "DOUBLE"), expression=number(float(2**32))))
