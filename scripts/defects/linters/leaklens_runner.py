"""Ask leaklens: both parts with the target; it finds the time column by itself."""

from importlib.metadata import version

from exchange import Said, Table, main
from leaklens import LeakLens


def lint(table: Table) -> list[Said]:
    report = LeakLens(table.train, table.test, target=table.target).run()
    return [
        Said(
            check=issue.title, severity=issue.severity.value, text=issue.message,
            columns=(issue.column,) if issue.column else (),
        )
        for issue in report.issues
    ]  # fmt: skip


main(
    tool="leaklens", version=version("leaklens"), lint=lint,
    settings="`LeakLens(train, test, target)`; it detects the time column",
)  # fmt: skip
