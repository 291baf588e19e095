"""The bundle: everything that one decision needs, as one folder without code.

manifest.json, manifest.sha256     which files, and their sums
framing.yaml                       canonical form
policy.json                        thresholds, shadow prices
tasks/<task>/                      model files of the chosen rung; calibration.json
rule/                              the same for the rule, with rule/policy.json: the fallback
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.decision.contract import FittedPolicy
from truenorth.decision.fit import load_policy
from truenorth.framing.framing import Framing
from truenorth.framing.load import load
from truenorth.models.calibration import Calibrator, load_calibrator
from truenorth.models.contract import Model
from truenorth.models.registry import load_model
from truenorth.serving.manifest import verify_manifest, write_manifest

CALIBRATION = "calibration.json"


@dataclass(frozen=True, eq=False)
class Predictor:
    """The models and calibrators of one rung, and the policy that was set for them."""

    models: Mapping[str, Model]
    """By task."""
    calibrators: Mapping[str, Calibrator]
    policy: FittedPolicy
    orders: Model | None = None
    """A rule that orders rows by itself, where there are several tasks."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A verified bundle."""

    framing: Framing
    chosen: Predictor
    rule: Predictor
    """What decides where the chosen one cannot."""
    about: Mapping[str, Any]
    """Name, run, hash of the framing, version, when it was made, files with their sums."""


def write_bundle(
    folder: Path, *, framing: str, chosen: Path, rule: Path, policies: tuple[Any, Any], about: dict[str, Any]
) -> None:
    """Write a bundle into an empty folder.

    Args:
        folder: Exists and is empty.
        framing: Canonical form, YAML.
        chosen: Folder of the chosen rung: one folder per task.
        rule: Folder of the rule.
        policies: Policies of both, as `FittedPolicy.to_dict` says them.
        about: Name, run, hash of the framing, version.
    """
    (folder / "framing.yaml").write_text(framing, encoding="utf-8")
    for source, target, policy in ((chosen, folder, policies[0]), (rule, folder / "rule", policies[1])):
        _copy(source, target / "tasks")
        (target / "policy.json").write_text(json.dumps(policy, indent=1) + "\n", encoding="utf-8")
    write_manifest(folder, about)


def load_bundle(folder: str | Path) -> Bundle:
    """Read a bundle; its manifest is verified before anything else is looked at.

    Raises:
        DataError: If a file was changed, is missing or does not belong.
    """
    folder = Path(folder)
    about = verify_manifest(folder)
    framing = load(folder / "framing.yaml")
    return Bundle(framing, load_predictor(folder, framing), load_predictor(folder / "rule", framing), about)


def load_predictor(folder: Path, framing: Framing) -> Predictor:
    """Read the models, calibrators and policy below a folder."""
    policy = load_policy(json.loads((folder / "policy.json").read_text(encoding="utf-8")), framing)
    models, calibrators, orders = load_rung(folder / "tasks")
    return Predictor(models, calibrators, policy, orders)


def load_rung(folder: Path) -> tuple[dict[str, Model], dict[str, Calibrator], Model | None]:
    """Read the models and calibrators of one rung, and the rule that orders rows by itself if it has one."""
    models: dict[str, Model] = {}
    calibrators: dict[str, Calibrator] = {}
    orders: Model | None = None
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if place.name == ORDER:
            orders = load_model(place)
            continue
        models[place.name] = load_model(place)
        calibration = place / CALIBRATION
        if calibration.is_file():
            calibrators[place.name] = load_calibrator(json.loads(calibration.read_text(encoding="utf-8")))
    return models, calibrators, orders


ORDER = "__order"
"""Folder of a rule that orders rows by itself; no task can have this name."""


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
