"""What a run says: one JSON object, and a value that people can look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.framing.canonical import framing_hash, to_plain
from truenorth.systems.data import DATASETS
from truenorth.workflow.work import Work

SHORT = ("name", "run", "gate", "chosen", "primary", "metrics", "constraints", "decision", "seconds")
"""Keys of `truenorth run --json`."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run."""

    folder: Path
    """Its directory, `runs/<name>/<hash>`."""
    result: Mapping[str, Any]
    """Everything that `run.json` holds."""

    @property
    def gate(self) -> str:
        """`pass`, `pass with waivers`, `blocked` or `not assessed`."""
        return str(self.result["gate"])

    @property
    def chosen(self) -> str:
        """Name of the rung that was taken."""
        return str(self.result["chosen"])

    @property
    def primary(self) -> Mapping[str, Any]:
        """The objective's metric on the test rows: name, value, low, high, n."""
        return dict(self.result["primary"])

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """What was found worth telling, as JSON values."""
        return list(self.result["findings"])

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / "report.html"

    @property
    def bundle(self) -> Path:
        """The folder that decides."""
        return self.folder / "bundle"

    def to_dict(self) -> dict[str, Any]:
        """Return the short form: what `truenorth run --json` prints."""
        return {key: self.result[key] for key in SHORT}

    def __repr__(self) -> str:
        return "\n".join(summary_lines(self.result))

    def _repr_html_(self) -> str:
        from truenorth.documents.fragment import summary_html

        return summary_html(self.result)


def assemble(work: Work, *, run: str, version: str, created: str) -> dict[str, Any]:
    """Return the run's JSON from the results of its stages."""
    results = work.results
    examples, choice, evaluated = results["examples"], results["choose"], results["evaluate"]
    chosen = choice["chosen"]
    trained = results["train"]["rungs"][chosen]
    return {
        "name": work.framing.name,
        "run": run,
        "truenorth": version,
        "as_of": examples["as_of"],
        "created": created,
        "seed": work.seed,
        "framing": to_plain(work.framing),
        "framing_hash": framing_hash(work.framing),
        "gate": results.get("verdict", {}).get("gate", "not assessed"),
        "decision": results["decide"]["chosen"]["sentence"],
        "chosen": chosen,
        "verdict": choice["verdict"],
        "primary": evaluated["primary"],
        "metrics": evaluated["metrics"],
        "constraints": evaluated["constraints"],
        "examples": {**examples["profile"], "attrition": examples["attrition"]},
        "train": {
            "metric": choice["metric"], "ladder": choice["ladder"], "sentence": choice["sentence"],
            "verdict": choice["verdict"], "tasks": trained, "rules": results["train"]["rules"],
            "notes": results["train"]["notes"],
        },
        "calibrate": evaluated.get("calibration", {}),
        "policy": results["decide"]["chosen"],
        "rule_policy": results["decide"]["rule"],
        "evaluate": evaluated,
        "stress": results.get("stress", {}),
        "not_assessed": evaluated["not_assessed"],
        "audit": results.get("verdict", {}).get("audit", {}),
        "findings": found_by(work),
        "versions": _versions(version),
        "attribution": _attribution(work),
    }  # fmt: skip


def _versions(own: str) -> dict[str, str]:
    """Return the versions of what computed it."""
    import platform
    from importlib.metadata import version

    libraries = ("duckdb", "numpy", "scikit-learn", "lightgbm")
    return {"truenorth": own, "python": platform.python_version()} | {
        name: version(name) for name in libraries
    }


def _attribution(work: Work) -> str | None:
    """Return whom the data are owed to, where a source is a file of a known public dataset."""
    sizes = {
        (path.name, path.stat().st_size)
        for source in work.framing.sources.values()
        if isinstance(source.path, str) and (path := work.request.base / source.path).is_file()
    }
    owed = [
        f"{dataset.attribution} Licence: {dataset.licence}."
        for dataset in DATASETS.values()
        if sizes & {(name, file.bytes) for file in dataset.files for name in (file.name, file.also)}
    ]
    return " ".join(owed) or None


def found_by(work: Work) -> list[Mapping[str, Any]]:
    """Return what reading the framing and every stage found; of the audit only its last word."""
    listed: list[Mapping[str, Any]] = [one.to_dict() for one in work.request.findings]
    for name, result in work.results.items():
        listed += [] if name == "audit" else result.get("findings", ())
    return _without_repetition(listed, work.results.get("verdict", {}).get("audit", {}))


def _without_repetition(found: list[Mapping[str, Any]], made: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Leave out what a rule of the audit speaks of: it says so itself, with its evidence, or it is waived."""
    rules = {one["code"] for one in made.get("answers", ())}
    return [*made.get("findings", ()), *(one for one in found if one["code"] not in rules)]


def summary_lines(result: Mapping[str, Any]) -> list[str]:
    """Return what was decided and why, in nine lines."""
    lines = {
        "decision": result["decision"],
        "chosen": result["chosen"],
        "because": result["train"]["sentence"],
        "primary": figure_text(result["primary"]),
        "money": _money(result),
        "constraints": _constraints(result),
        "not assessed": ", ".join(one["what"] for one in result["not_assessed"]) or "nothing",
        "took": f"{result['seconds'].get('total', 0):,.1f} s and {result.get('memory_mb', 0):,} MB",
    }
    said = [f"{name:<13}{text}" for name, text in lines.items() if text]
    return [f"{result['name']}: {result['gate']}", *said]


def figure_text(figure: Mapping[str, Any]) -> str:
    """Return a figure with its evidence, or why there is none.

    Examples:
        >>> figure_text({"metric": "roc_auc(fraud)", "value": 0.8712, "low": 0.85, "high": 0.89, "n": 58264})
        'roc_auc(fraud) 0.8712 [0.85, 0.89], n 58,264'
        >>> figure_text({"metric": "external", "value": None, "note": "measured elsewhere"})
        'external not assessed: measured elsewhere'
    """
    return f"{figure['metric']} {value_text(figure)}"


def value_text(figure: Mapping[str, Any]) -> str:
    """Return a figure's value with its evidence, without its name."""
    if figure.get("value") is None:
        return f"not assessed: {figure.get('note', '')}".rstrip(": ")
    ends = [figure.get("low"), figure.get("high")]
    band = "" if None in ends else f" [{ends[0]:.4g}, {ends[1]:.4g}]"
    return f"{figure['value']:.4g}{band}, n {figure.get('n', 0):,}"


def _money(result: Mapping[str, Any]) -> str | None:
    """Return the model's cost beside the rule's, where the policy has costs."""
    for one in result["metrics"]:
        if one["metric"].lstrip("-").startswith("cost") and one["model"].get("value") is not None:
            rule = one.get("rule") or {}
            beside = f"; the rule {rule['value']:,.4g}" if rule.get("value") is not None else ""
            return f"{figure_text(one['model'])}{beside}"
    return None


def _constraints(result: Mapping[str, Any]) -> str | None:
    """Return how many constraints are met, and every one that is not."""
    outcomes = result["constraints"]
    met = sum(one["status"] == "met" for one in outcomes)
    others = [
        f"{one['constraint']} {one['status']} ({figure_text(one['figure'])})"
        for one in outcomes
        if one["status"] != "met"
    ]
    return "; ".join([f"{met} of {len(outcomes)} met", *others]) if outcomes else None
