"""Ask deepchecks: the suites of one dataset and of a pair, whose conditions pass, warn or fail."""

from importlib.metadata import version

from deepchecks.core.condition import ConditionCategory
from deepchecks.tabular import Dataset
from deepchecks.tabular.suites import data_integrity, train_test_validation
from exchange import Said, Table, main


def lint(table: Table) -> list[Said]:
    text = [name for name in table.train.columns if table.train[name].dtype == object]
    train, test = (
        Dataset(part, label=table.target, datetime_name=table.time, cat_features=text)
        for part in (table.train, table.test)
    )
    results = [data_integrity().run(train), train_test_validation().run(train, test)]
    return [said for suite in results for result in suite.results for said in _said(result, table)]


def _said(result: object, table: Table) -> list[Said]:
    if not hasattr(result, "conditions_results"):
        return [Said(check=result.header, severity="internal error", text=str(result.exception)[:200])]
    return [
        Said(
            check=result.header,
            severity="fail" if one.category is ConditionCategory.FAIL else "warn",
            columns=tuple(name for name in table.train.columns if f"'{name}'" in one.details),
            text=f"{one.name}: {one.details}",
        )
        for one in result.conditions_results
        if one.category in (ConditionCategory.FAIL, ConditionCategory.WARN)
    ]


main(
    tool="deepchecks", version=version("deepchecks"), lint=lint,
    settings="suites `data_integrity` and `train_test_validation` on `Dataset(label, datetime_name)`",
)  # fmt: skip
