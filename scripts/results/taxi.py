"""Green taxi: minutes of a trip, without and with the distance that is known at drop-off only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from scripts.results.finished import Finished, figure, start
from scripts.results.places import FRAMINGS
from scripts.results.row import Part, Row

FOLDER = "nyc_green_taxi"
TITLE = "Arrival time: New York green taxis, 2023"
ATTRIBUTION = "NYC Taxi and Limousine Commission, TLC Trip Record Data; open data"
MONTHS = {"feb": ("February", 5.335), "mar": ("March", 5.567)}


def run(out: Path, *, fresh: bool = False) -> Part:
    own = start(FRAMINGS / "nyc_taxi_january.yaml", out=out, fresh=fresh)
    leaking = start(published(), out=out, fresh=fresh)
    rows = [*_rows(own, ""), *_rows(leaking, ", `published` variant")]
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(rows),
        text=(
            "Trained on January, trips of 1 to 60 minutes. The published random forest reads "
            "`trip_distance`, which the meter knows at drop-off: at pick-up, when the promise is made, "
            "nobody does. The first rows do without it. The `published` variant reads it under a waiver "
            "of LEAK001, for the comparison alone.",
        ),
        notes=(str(own.run.result["train"]["sentence"]), str(leaking.run.result["train"]["sentence"])),
        runs={"run": own.told, "published": leaking.told},
    )  # fmt: skip


def published() -> dict[str, Any]:
    """Return the framing with the distance as if it were known at pick-up."""
    framing = yaml.safe_load((FRAMINGS / "nyc_taxi_january.yaml").read_text(encoding="utf-8"))
    reason = "comparison with a published figure that reads the distance at drop-off; never to be served"
    return {
        **framing,
        "name": "nyc-taxi-published",
        "features": {**framing["features"], "trip_distance": {"column": "trip_distance"}},
        "waivers": [{"rule": "LEAK001", "reason": reason, "owner": "results", "expires": "2099-01-01"}],
    }


def _rows(one: Finished, variant: str) -> Iterator[Row]:
    for part, (month, bar) in MONTHS.items():
        rows = np.flatnonzero(one.dataset.is_in(f"test.{part}"))
        for rung in (one.run.chosen, "rule"):
            found = figure("rmse(minutes)", one.judged(rung, rows))
            is_ours = rung != "rule"
            yield Row(
                what=f"RMSE, {month}, minutes, {rung}{variant}", figure=found, higher_is_better=False,
                published=f"forest with distance {bar}" if is_ours else "", strict=True,
                bar=bar if is_ours else None,
            )  # fmt: skip
