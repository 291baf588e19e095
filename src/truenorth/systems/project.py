"""Start a project from a system: its framing, its schema, its log, and a page that says what to do next."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal

from truenorth.errors import DataError, Finding
from truenorth.framing.schema import schema_text
from truenorth.systems.data import DATASETS
from truenorth.systems.system import System, system_named, world_framing
from truenorth.worlds import make_world

On = Literal["world", "real"]

README = """\
# {title}

{decision}.

{log}

```bash
{first}
truenorth run framing.yaml
```

| where | what |
|---|---|
| `framing.yaml` | what is wanted: goal, labels, features, models, policy, constraints |
| `framing.schema.json` | with which an editor completes and checks it |
{files}| `data/` | {data} |
| `runs/` | what `truenorth run` writes |
"""


def new_project(name: str, folder: str | Path, *, on: On = "world", seed: int = 0, **size: int) -> Path:
    """Start a project from a system, all of it or nothing.

    Args:
        name: A key of `SYSTEMS`.
        folder: Folder to make; absent or empty.
        on: `world` simulates a log into `data/`; `real` leaves `data/` to `truenorth data`.
        seed: Seed of the simulated log.
        **size: Parameters of the world that differ from the system's own sizes.

    Returns:
        The framing, `folder/framing.yaml`.

    Raises:
        FramingError: If there is no such system.
        DataError: If the folder is taken, a size is out of range, or there is no real data.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = new_project("spam", folder, seed=7, messages=20, days=60)
        ...     sorted(path.name for path in file.parent.iterdir())
        ['README.md', 'data', 'framing.schema.json', 'framing.yaml']
    """
    system, folder = system_named(name), Path(folder)
    _check_free(folder)
    _check_on(system, on)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(system, draft, on, seed, size)
        draft.chmod(0o755)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder / "framing.yaml"


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        got = "a folder that holds files" if folder.is_dir() else "a file"
        evidence = f"expected an absent or empty folder, got {got}."
        raise DataError(
            Finding(code="SYSTEM002", where=str(folder), evidence=evidence, fix="choose another folder.")
        )


def _check_on(system: System, on: str) -> None:
    if on not in ("world", "real"):
        evidence, fix = f"expected 'world' or 'real', got {on!r}.", "write on='world'."
        raise DataError(Finding(code="SYSTEM003", where="on", evidence=evidence, fix=fix))


def _write(system: System, draft: Path, on: On, seed: int, size: dict[str, int]) -> None:
    beside = [path for path in sorted(system.variant(on).iterdir()) if path.name != "framing.yaml"]
    for path in beside:
        shutil.copyfile(path, draft / path.name)
    if on == "world":
        sizes: dict[str, Any] = {**system.sizes, **size}
        world = make_world(system.world, draft / "data", seed=seed, **sizes)
        world.framing.unlink()  # the project's own framing is the one to run
        text = world_framing(system, world)
    else:
        text = system.text("real")
    (draft / "framing.yaml").write_text(text, encoding="utf-8")
    (draft / "framing.schema.json").write_text(schema_text(), encoding="utf-8")
    (draft / "README.md").write_text(
        _readme(system, on, seed, [path.name for path in beside]), encoding="utf-8"
    )


def _readme(system: System, on: On, seed: int, beside: list[str]) -> str:
    known = {"published.yaml": "the protocol of the published figures, for comparison only"}
    files = "".join(f"| `{name}` | {known.get(name, 'read by the framing')} |\n" for name in beside)
    if on == "world":
        log = f"The log is simulated: the world `{system.world}`, seed {seed}. Its truth is in `data/truth`."
        data, first = "the simulated log", "truenorth show framing.yaml"
    else:
        dataset = DATASETS[system.dataset]
        log = (
            f"The log is real: {dataset.title}, {dataset.address} ({dataset.licence}). "
            "Download it there; the first command verifies it and lays it where the framing reads it."
        )
        data = f"the real log, in `data/{dataset.name}`"
        first = f"truenorth data {dataset.name} --from DOWNLOADED_FOLDER --out data"
    return README.format(
        title=system.title, decision=system.decision, log=log, first=first, files=files, data=data
    )
