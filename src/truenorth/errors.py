"""The exception tree and the finding: how True North says what is wrong.

Every message has one shape, on the command line, in Python and over HTTP:
the place, what was expected, what was there, the code, and the fix.

    TrueNorthError
    ├── FramingError     the framing cannot be read or contradicts itself (exit code 2)
    ├── DataError        the logs cannot answer the framing (exit code 3)
    ├── EngineError      the engine failed, or an extra is not installed (exit code 1)
    └── Interrupted      the user stopped the work (exit code 130)
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warn", "info"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing, with its evidence and its remedy."""

    code: str
    """Stable rule code, for example `LEAK001`."""
    severity: Severity = "error"
    """`error` stops the work or blocks the gate, `warn` lowers the score, `info` teaches."""
    where: str
    """The place: `file:line section.key`, or `section.key`."""
    evidence: str
    """What was expected and what was there, with the value."""
    fix: str
    """The concrete remedy."""
    path: tuple[str | int, ...] = ()
    """Keys from the root of the framing to the value, for editors and line numbers."""
    numbers: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The evidence as numbers by name, for programs; the same figures as in `evidence`."""

    def __str__(self) -> str:
        return f"{self.where}: {self.evidence} [{self.code}]\n  Fix: {self.fix}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        return {**asdict(self), "path": list(self.path), "numbers": json_values(self.numbers)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Finding:
        """Return the finding that `to_dict` wrote; keys that are none of its own are passed over."""
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        return cls(**{**known, "path": tuple(known.get("path", ()))})


class TrueNorthError(Exception):
    """Base of every error that True North raises on purpose.

    Args:
        findings: What is wrong, at least one finding; all of them are in the message.
    """

    exit_code = 1

    def __init__(self, findings: Finding | Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = (findings,) if isinstance(findings, Finding) else tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class FramingError(TrueNorthError):
    """The framing cannot be read, contradicts itself, or reads the future."""

    exit_code = 2


class DataError(TrueNorthError):
    """The logs are missing, empty or unusable for this framing."""

    exit_code = 3


class EngineError(TrueNorthError):
    """The engine failed, or an optional extra is not installed."""

    exit_code = 1


class Interrupted(TrueNorthError):
    """The user stopped the work; nothing that was complete before is lost."""

    exit_code = 130


def missing_extra(package: str, extra: str, purpose: str) -> EngineError:
    """Return the error that names the exact install line for a missing optional package."""
    return EngineError(
        Finding(
            code="ENGINE001",
            where=package,
            evidence=f"expected the package {package!r} for {purpose}, got an installation without it.",
            fix=f'run: pip install "truenorth[{extra}]"',
        )
    )


def json_values(value: Any) -> Any:
    """Return values as JSON can hold them: numpy's as Python's, NaN and infinity as None.

    Examples:
        >>> json_values({"share": float("nan"), "rows": (3, 4)})
        {'share': None, 'rows': [3, 4]}
    """
    if isinstance(value, Mapping):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_values(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return json_values(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def near_names(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return the known names that look most like `name`, best first.

    Examples:
        >>> near_names("custmer_id", ["customer_id", "terminal_id"])
        ['customer_id']
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    return [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=limit)]


def suggest(name: str, known: Sequence[str], *, otherwise: str) -> str:
    """Return a fix that offers the near names, or `otherwise` where none is near."""
    near = near_names(name, known)
    if not near:
        return otherwise
    return "did you mean " + " or ".join(repr(candidate) for candidate in near) + "?"
