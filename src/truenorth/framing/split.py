"""The split: which examples train, validate, calibrate and test, and when their labels are read."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import Duration
from truenorth.framing.forms import SPLIT_FORMS, refuse_unused
from truenorth.framing.percentages import Share, read_share
from truenorth.framing.periods import Period
from truenorth.framing.section import Section

PARTS = ("train", "validation", "calibration", "test")


class Tail(Section):
    """The last stretch, or a share by hash, of another part: `7d of train`, `50% of validation`."""

    of: Literal["train", "validation"]
    """The part that it is taken from."""
    last: Duration | None = None
    """Length of the stretch at the end of that part."""
    share: float | None = Field(default=None, gt=0, lt=1)
    """Share of that part's rows, chosen by a hash of what is kept together."""

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.last is None) == (self.share is None):
            raise PydanticCustomError(
                "split", "expected last or share of a part, got both or neither. Fix: write 7d of train"
            )
        return self


class Folds(Section):
    """Rolling folds: the same split, moved back in time again and again."""

    count: int = Field(gt=0)
    """Number of folds; fold 0 is the latest."""
    every: Duration
    """How far each fold moves back."""


class Split(Section):
    """Who learns from what; forward in time unless there is a reason."""

    train: Duration | Period | str | None = None
    """Length counted back, a period, or the value of `column`; all that is earlier where absent."""
    validation: Duration | Period | Tail | str | None = None
    """Length counted back, a period, a tail of train, or the value of `column`."""
    calibration: Duration | Period | Tail | str | None = None
    """Length counted back, a period, a share of validation, or the value of `column`."""
    test: Duration | Period | str | dict[str, Period] | None = None
    """Length counted back, a period, several named periods, or the value of `column`."""
    column: str | None = None
    """Column that says the part: a published split."""
    random: dict[Literal["train", "validation", "calibration", "test"], Share] | None = None
    """Shares by hash, adding to 1; refused where there is more than one prediction time (LEAK006)."""
    seed: int = 0
    """Seed of the hash of a random split."""
    reason: str | None = None
    """Why a random split is right here."""
    by: Literal["time"] | None = None
    """Said for the reader: the split is by time."""
    together: str | None = None
    """Column whose equal values stay in one part, or `component` for pairs that share a record."""
    folds: Folds | None = None
    """Rolling folds."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        read = {
            key: _tail(item) if key in ("validation", "calibration") else item for key, item in value.items()
        }
        if isinstance(read.get("random"), dict):
            shares = {key: item for key, item in read["random"].items() if key in PARTS}
            others = {key: item for key, item in read["random"].items() if key not in PARTS}
            read |= {**others, "random": shares}
        if read.get("column") is None:
            for key in PARTS:
                read[key] = _part(key, read.get(key))
        return read

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.random is not None:
            total = sum(self.random.values())
            if abs(total - 1) > 1e-9:
                raise PydanticCustomError(
                    "split",
                    "expected shares that add to 100%, got {total}. Fix: mend one share",
                    {"total": f"{total:.4%}"},
                )
            if not self.reason:
                raise PydanticCustomError(
                    "split", "expected a reason for a random split. Fix: write reason: one snapshot"
                )
        elif self.test is None:
            raise PydanticCustomError("split", "expected a test part. Fix: write test: 7d")
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        refuse_unused(self, "split", self.form, SPLIT_FORMS)
        for name in PARTS:
            self._refuse_other_form(name, getattr(self, name))
            if isinstance(part := getattr(self, name), Tail):
                self._refuse_tail(name, part)
        if self.seed and self.random is None and not any(self._is_shared(name) for name in PARTS):
            raise _refused("seed", "a seed beside shares by hash", "seed beside none", "remove seed")
        self._refuse_disorder()
        return self

    def _is_shared(self, name: str) -> bool:
        part = getattr(self, name)
        return isinstance(part, Tail) and part.share is not None

    def _refuse_other_form(self, name: str, part: Any) -> None:
        """A period beside lengths, a length beside periods, a stretch of a published part."""
        wanted: dict[str, tuple[type, ...]] = {
            "periods": (Period, Tail, dict), "lengths": (Duration, Tail), "column": (str, Duration, Period),
        }  # fmt: skip
        if part is None or self.form == "random" or isinstance(part, wanted[self.form]):
            return
        what = {"periods": "a period", "lengths": "a length", "column": "a value of the column"}[self.form]
        raise _refused(name, f"{what} like the other parts", _shown(part), f"write {what}")

    def _refuse_tail(self, name: str, tail: Tail) -> None:
        parent = getattr(self, tail.of)
        is_open = parent is None and tail.of == "train" and self.form == "lengths"
        if name == tail.of or (parent is None and not is_open):
            raise _refused(name, "a stretch of another part", _shown(tail), f"write {tail.of} too")
        if tail.share is not None and name != "calibration":
            fix = "write a length, for example 7d of train"
            raise _refused(name, "a share for calibration only", _shown(tail), fix)
        length = parent.microseconds if isinstance(parent, Duration) else None
        if isinstance(parent, Period):
            length = parent.end.microseconds - parent.start.microseconds
        if tail.last is not None and length is not None and tail.last.microseconds >= length:
            raise _refused(name, f"a stretch shorter than {tail.of}", _shown(tail), "write a shorter one")

    def _refuse_disorder(self) -> None:
        """Periods come one after the other, in the order of their use; tests do not overlap."""
        before: tuple[str, Period] | None = None
        for name in PARTS:
            part = getattr(self, name)
            periods = [*part.values()] if isinstance(part, dict) else [part]
            for period in sorted((one for one in periods if isinstance(one, Period)), key=_start):
                if before and period.start < before[1].end:
                    wanted = f"{name} from {before[1].end} on, where {before[0]} ends"
                    raise _refused(name, wanted, str(period), "let the parts follow each other")
                before = (name, period)

    @property
    def form(self) -> Literal["random", "column", "periods", "lengths"]:
        """Which of the four ways the split is written in."""
        if self.random is not None:
            return "random"
        if self.column is not None:
            return "column"
        return "lengths" if isinstance(self.test, Duration) else "periods"


def _refused(key: str, wanted: str, got: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError(
        "split",
        "expected {wanted}, got {got}. Fix: {fix}",
        {"wanted": wanted, "got": got, "fix": fix, "key": key},
    )


def _shown(part: Any) -> str:
    if isinstance(part, Tail):
        return f"{part.last if part.share is None else f'{part.share:.0%}'} of {part.of}"
    return "several periods" if isinstance(part, dict) else str(part)


def _start(period: Period) -> int:
    return period.start.microseconds


def _tail(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\S+)\s+of\s+(train|validation)\s*", value) if isinstance(value, str) else None
    if not match:
        return value
    key = "share" if match[1].endswith("%") else "last"
    return {"of": match[2], key: read_share(match[1]) if key == "share" else match[1]}


def _part(key: str, value: Any) -> Any:
    """Read one part, and say which where it cannot be read."""
    try:
        return _period_or_duration(value)
    except PydanticCustomError as error:
        context = {**(error.context or {}), "key": key}
        raise PydanticCustomError(error.type, error.message_template, context) from None


def _period_or_duration(value: Any) -> Any:
    if not isinstance(value, str):
        return {key: Period.parse(item) for key, item in value.items()} if _is_named_tests(value) else value
    return Period.parse(value) if ".." in value else Duration.parse(value)


def _is_named_tests(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(item, str) for item in value.values())
        and "of" not in value
    )
