"""Which learners there are, and how a model is read back from its folder.

Every form is one line of a table; its module is imported when it is asked for, so that the names of the
models are known without loading scikit-learn or LightGBM.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from truenorth.errors import DataError, EngineError, Finding, FramingError, suggest
from truenorth.models.contract import Learner, Model


@dataclass(frozen=True)
class Form:
    """Where a form of model is written; places are `module:name`."""

    load: str
    """Function that reads a model from its folder."""
    learner: str | None = None
    """Class of its learner; None where the framing makes the model, not the data."""


_HERE = "truenorth.models"
FORMS: dict[str, Form] = {
    "rule": Form(f"{_HERE}.rule:load_rule"),
    "rules": Form(f"{_HERE}.rules:load_rules"),
    "keywords": Form(f"{_HERE}.rule_keywords:load_keywords"),
    "baseline": Form(f"{_HERE}.baseline:load_baseline"),
    "external": Form(f"{_HERE}.external:load_external"),
    "relative": Form(f"{_HERE}.relative:load_relative"),
    "linear": Form(f"{_HERE}.linear:load_linear", f"{_HERE}.linear:LinearLearner"),
    "trees": Form(f"{_HERE}.trees_model:load_trees", f"{_HERE}.trees:Trees"),
}
"""Every form that a folder can hold."""

LEARNERS: dict[str, Form] = {name: form for name, form in FORMS.items() if form.learner}
"""Forms that learn from rows, the simplest first."""

LATER = ("multitask", "two_tower")
"""Candidates of the language that this release cannot fit."""


def learner(name: str) -> Learner:
    """Return the learner of this name.

    Raises:
        EngineError: If the language knows the name but this release has no learner for it.
        FramingError: If there is no such name.
    """
    form = LEARNERS.get(name)
    if form and form.learner:
        relative = _imported(f"{_HERE}.relative:RelativeLearner")
        return cast(Learner, relative(_imported(form.learner)()))
    if name in LATER:
        raise EngineError(
            Finding(
                code="MODEL040",
                where="models.candidates",
                evidence=f"expected a learner of this release ({', '.join(LEARNERS)}), got {name!r}.",
                fix=f"leave {name!r} out of models.candidates; networks are not in this release.",
            )
        )
    raise FramingError(
        Finding(
            code="MODEL041",
            where="models.candidates",
            evidence=f"expected a learner ({', '.join(LEARNERS)}), got {name!r}.",
            fix=suggest(name, list(LEARNERS), otherwise="write linear or trees."),
        )
    )


def load_model(folder: Path) -> Model:
    """Read the model that was dumped into a folder; nothing is unpickled.

    Raises:
        DataError: If the folder holds no model of a known form.
    """
    form = FORMS.get(str(read_model_json(folder).get("form")))
    if form is None:
        raise _unreadable(folder, f"a form of {', '.join(FORMS)} in model.json")
    return cast(Model, _imported(form.load)(folder))


def read_model_json(folder: Path) -> dict[str, Any]:
    """Return what `model.json` of a folder says.

    Raises:
        DataError: If it is missing or is not a JSON object.
    """
    try:
        found = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(folder, f"a readable model.json ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise _unreadable(folder, "a JSON object in model.json")
    return found


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _unreadable(folder: Path, wanted: str) -> DataError:
    return DataError(
        Finding(
            code="MODEL042",
            where=folder.name,
            evidence=f"expected {wanted}, got a folder without it.",
            fix="fit the model again, or restore the folder from its run.",
        )
    )
