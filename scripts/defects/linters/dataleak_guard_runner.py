"""Ask dataleak-guard: it has no option for time, so the time column is left out."""

from importlib.metadata import version

from dataleak_guard import audit
from exchange import Said, Table, main


def lint(table: Table) -> list[Said]:
    (x_train, x_test), (y_train, y_test) = table.without_time().features, table.targets
    report = audit(x_train, x_test, y_train, y_test)
    return [
        Said(
            check=one.title, severity=one.severity.value.lower(), columns=tuple(one.columns),
            text=one.description,
        )
        for one in report.findings
    ]  # fmt: skip


main(
    tool="dataleak-guard", version=version("dataleak-guard"), lint=lint,
    settings="`audit(X_train, X_test, y_train, y_test)`, without the time column, for which it has no option",
)  # fmt: skip
