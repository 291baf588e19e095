"""What each form of a section can use: what is declared is enforced, so a key without effect is refused."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from truenorth.framing.section import Section

Forms = dict[str, frozenset[str]]


def _forms(common: str, **own: str) -> Forms:
    return {form: frozenset((form, *common.split(), *keys.split())) for form, keys in own.items()}


LABEL_FORMS = _forms(
    "on given kind classes weight maturity origin reliability judged",
    when="",
    value="",
    combine="",
    columns="",
    source="""where by count sum mean min max std distinct first latest absent within gap anchor closed until
        unless""",
)
FEATURE_FORMS = _forms(
    "as serve freshness default",
    column="",
    sql="",
    source="""by where count sum mean min max std distinct rate latest first since_last last gap anchor closed
        refresh""",
    over="rank count sum mean min max",
    match="by",
)
TABLE_FORMS = _forms(
    """entity where unit group decision shown position propensity explored sampled action context""",
    source="at",
    every="active from ahead",
)
SPLIT_FORMS = _forms(
    "",
    random="seed reason together",
    column="train validation calibration test",
    periods="train validation calibration test seed by together folds",
    lengths="train validation calibration test seed by together folds",
)


def refuse_unused(section: Section, what: str, form: str, forms: Forms) -> None:
    """Refuse the keys of a section that its form cannot use; a default that is written out is no use.

    Raises:
        PydanticCustomError: If there is one; `what` is also the error's type.
    """
    fields = type(section).model_fields
    declared = [
        field.alias or name for name, field in fields.items() if getattr(section, name) != field.default
    ]
    unused = [key for key in declared if key not in forms[form]]
    if not unused:
        return
    keys = " and ".join(unused)
    able = [other for other, known in forms.items() if known.issuperset(unused)]
    raise PydanticCustomError(
        what,
        "expected keys that {what} with {form} can use, got {keys}. Fix: remove {keys}{able}",
        {
            "what": "a table of examples" if what == "examples" else f"a {what}",
            "form": form,
            "keys": keys,
            "able": f", or write it beside {' or '.join(able)}" if able else "",
            "key": unused[0],
        },
    )
