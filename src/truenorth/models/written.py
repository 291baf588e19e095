"""How models are written and read: tasks as JSON, arrays as safetensors, one `model.json` for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.models.contract import TaskSpec


def task_to_dict(task: TaskSpec) -> dict[str, Any]:
    """Return a task as plain JSON values."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(task).items()}


def task_from_dict(written: Mapping[str, Any]) -> TaskSpec:
    """Read what `task_to_dict` wrote."""
    names = {field.name for field in fields(TaskSpec)}
    known: dict[str, Any] = {
        n: tuple(v) if isinstance(v, list) else v for n, v in written.items() if n in names
    }
    return TaskSpec(**known)


def write_json(path: Path, value: Any) -> None:
    """Write JSON in which every float reads back bit by bit."""
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as safetensors."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote."""
    from safetensors.numpy import load_file

    return dict(load_file(path))
