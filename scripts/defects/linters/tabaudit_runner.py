"""Ask tabaudit: it has no option for time, so the time column is left out."""

from importlib.metadata import version

from exchange import Said, Table, main
from tabaudit.audit import run_audit


def lint(table: Table) -> list[Said]:
    dated = table.without_time()
    report = run_audit(dated.train, target=dated.target, test=dated.test)
    said = [
        Said(check=one.check, severity=one.severity.value, columns=tuple(one.columns), text=one.title)
        for one in report.sorted_findings()
    ]
    failed = [one for one in report.checks if one.status == "error"]
    return [*said, *(Said(check=one.name, severity="internal error", text=one.note) for one in failed)]


main(
    tool="tabaudit", version=version("tabaudit"), lint=lint,
    settings="`run_audit(train, target, test)`, without the time column, for which it has no option",
)  # fmt: skip
