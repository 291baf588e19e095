"""A study on disk: the arrays that a stress test read, so that weights can be chosen without the logs.

Arrays in one compressed NumPy archive, nothing pickled; units and groups as codes, names in its JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from truenorth.counterfactual.log import Log
from truenorth.counterfactual.study import Provenance, Study
from truenorth.errors import DataError, Finding

STUDY = "study.npz"


def dump_study(study: Study, signs: Mapping[str, int], path: Path) -> None:
    """Write decisions, scores and KPI of a study.

    Args:
        study: What was tested.
        signs: By score: -1 where less of the label is pushed for.
        path: File to write.
    """
    log = study.log
    arrays: dict[str, Any] = {
        "chosen": log.chosen, "is_candidate": log.mask, "units": log.units, "clusters": log.clusters,
        "kpi": study.outcome, **{f"score {name}": one for name, one in study.scores.items()},
        **{f"realised {name}": one for name, one in study.realised.items()},
    }  # fmt: skip
    more = {"propensity": log.propensity, "before": study.before, "logger_features": study.logger_features}
    arrays |= {name: one for name, one in more.items() if one is not None}
    told = study.provenance
    about = {
        "per": study.per, "kpi_name": told.kpi_name, "kpi_unit": told.kpi_unit, "signs": dict(signs),
    }  # fmt: skip
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    np.savez_compressed(path, **arrays)


def load_study(path: Path) -> tuple[Study, dict[str, int]]:
    """Read a study and the signs of its scores.

    Raises:
        DataError: If there is none, or it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        about = json.loads(held["about"].tobytes())
        log = Log(
            chosen=held["chosen"], is_candidate=held["is_candidate"], propensity=held.get("propensity"),
            unit=held["units"], cluster=held["clusters"],
        )  # fmt: skip
        study = Study(
            log=log, scores=_under("score", held), kpi=held["kpi"], per=about["per"],
            realised=_under("realised", held), before=held.get("before"),
            logger_features=held.get("logger_features"),
            provenance=Provenance(kpi_name=about["kpi_name"], kpi_unit=about["kpi_unit"]),
        )  # fmt: skip
        return study, {str(name): int(sign) for name, sign in about["signs"].items()}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(_absent(path, error)) from None


def _under(kind: str, held: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(f"{kind} "): one for name, one in held.items() if name.startswith(f"{kind} ")}


def _absent(path: Path, error: Exception) -> Finding:
    got = "none" if isinstance(error, FileNotFoundError) else f"one that cannot be read ({error})"
    return Finding(
        code="STRESS066", where=str(path),
        evidence=f"expected the decisions of a stress test, got {got}.",
        fix="truenorth stress RUN says why it was refused and what to log; else make the run again.",
    )  # fmt: skip
