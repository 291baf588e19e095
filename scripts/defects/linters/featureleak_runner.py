"""Ask featureleak: the whole table and both parts, with the time column."""

from importlib.metadata import version

import pandas as pd
from exchange import Said, Table, main
from featureleak import LeakScanner


def lint(table: Table) -> list[Said]:
    report = LeakScanner().analyse(
        pd.concat([table.train, table.test], ignore_index=True),
        target=table.target, time_col=table.time, train_df=table.train, test_df=table.test,
        show_progress=False, show_summary=False,
    )  # fmt: skip
    return [
        Said(
            check=one.check, severity=one.severity, columns=tuple(one.affected_columns),
            text=one.summary or one.title,
        )
        for one in report.issues
    ]  # fmt: skip


main(
    tool="featureleak", version=version("featureleak"), lint=lint,
    settings="`LeakScanner().analyse(table, target, time_col, train_df, test_df)`",
)  # fmt: skip
