"""Ask dash-mlguard: features and target of both parts, with the time column."""

from importlib.metadata import version

import dash_mlguard
from exchange import Said, Table, main


def lint(table: Table) -> list[Said]:
    (x_train, x_test), (y_train, y_test) = table.features, table.targets
    report = dash_mlguard.check(x_train, y_train, x_test, y_test, time_col=table.time)
    return [
        Said(check=one.code, severity=one.severity.value, columns=tuple(one.columns), text=one.message)
        for one in report.findings
    ]


main(
    tool="dash-mlguard", version=version("dash-mlguard"), lint=lint,
    settings="`check(X_train, y_train, X_test, y_test, time_col)`",
)  # fmt: skip
