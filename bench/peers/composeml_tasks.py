"""Compose on the nearest question it can be asked: `composeml_tasks.py DATA OUT.parquet [USERS]`.

Compose walks over the events of one entity; it cannot take the impressions as cutoffs. So each of up to
1,000 users gets one label a day, up to 20 of them: did the user click in the seven days that start there?
The rows differ from L1, so only labels per second may be compared, and the results are not.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import composeml
import pandas as pd

LABELS_PER_USER = 20


def has_click(actions: pd.DataFrame) -> bool:
    """Return whether any action is a click."""
    return bool((actions["action"] == "click").any())


def main() -> None:
    """Make the labels and print how many, and how long the search alone took."""
    data, out = Path(sys.argv[1]), sys.argv[2]
    n_users = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    actions = pd.read_parquet(data / "actions.parquet")
    actions = actions[actions["user"] < n_users].assign(
        acted_at=lambda rows: rows["acted_at"].dt.tz_localize(None)
    )
    maker = composeml.LabelMaker(
        target_dataframe_index="user", time_index="acted_at", labeling_function=has_click, window_size="7d"
    )
    start = time.perf_counter()
    labels = maker.search(
        actions.sort_values("acted_at"), num_examples_per_instance=LABELS_PER_USER, gap="1d", verbose=False
    )
    seconds = time.perf_counter() - start
    pd.DataFrame(labels).to_parquet(out)
    print(json.dumps({"rows": len(labels), "inner_seconds": seconds}))


if __name__ == "__main__":
    main()
