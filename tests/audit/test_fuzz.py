"""No framing, and no table, makes the audit fail: whatever loads gets an answer from every rule."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.audit.framings import CLEAN, TODAY
from tests.audit.tables import evidence_of, subject_with, table
from truenorth.audit import Subject, audit
from truenorth.audit.reading import readable
from truenorth.errors import FramingError
from truenorth.framing.document import read_document
from truenorth.framing.load import inspect_text

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    *sorted((ROOT / "examples" / "framings").glob("*.yaml")),
    *sorted((ROOT / "examples" / "real").glob("*.yaml")),
]
TEXTS = {"clean": CLEAN} | {path.stem: path.read_text() for path in FILES}
PLAIN = {name: read_document(text, path=name).data for name, text in TEXTS.items()}

WORDS = ("0.5", "none", "click", "patient credit children", "amount", "[]", "{}", "1d", "random", "score", "",
         "position", "0", "-1", "1e9", "autonomous", "full", "group")  # fmt: skip


HOW = ("drop", "drop", "drop", "drop", "word", "donor", "twice")
"""Most mutations take something out, so that more than a third of the documents still are framings."""


CAN_GO = frozenset(
    """business product proxies evaluation constraints experiment serving monitoring governance models policy
    split features waivers""".split()
)
"""Sections of which most parts can be taken out."""


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a document."""
    found = [here] if here else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths(item, (*here, key))
    return found


def mutated(plain: Any, path: tuple[Any, ...], how: str, word: str, donor: Any) -> Any:
    """Return a document with one value taken out, replaced, doubled or taken from elsewhere."""
    made = copy.deepcopy(plain)
    here = made
    for key in path[:-1]:
        here = here[key]
    if how == "drop":
        here.pop(path[-1])
    elif how == "word":
        here[path[-1]] = word
    elif how == "donor":
        here[path[-1]] = copy.deepcopy(donor)
    elif isinstance(here, list):
        here.append(copy.deepcopy(here[path[-1]]))
    else:
        here[f"{path[-1]}_2"] = copy.deepcopy(here[path[-1]])
    return made


@st.composite
def documents(draw: st.DrawFn) -> Any:
    plain = PLAIN[draw(st.sampled_from(sorted(PLAIN)))]
    for _ in range(draw(st.integers(1, 3))):
        how = draw(st.sampled_from(HOW))
        places = [path for path in paths(plain) if how != "drop" or path[0] in CAN_GO] or paths(plain)
        donors = paths(PLAIN[draw(st.sampled_from(sorted(PLAIN)))])
        donor_of = PLAIN[draw(st.sampled_from(sorted(PLAIN)))]
        donor_path = draw(st.sampled_from(paths(donor_of))) if donors else ()
        donor = donor_of
        for key in donor_path:
            donor = donor[key]
        plain = mutated(
            plain, draw(st.sampled_from(places)), how,
            draw(st.sampled_from(WORDS)), donor,
        )  # fmt: skip
        if not paths(plain):
            break
    return plain


def audited(text: str) -> Any:
    """Return the audit of a text, None where it is no framing: the command says so and audits nothing."""
    try:
        made = inspect_text(text, today=TODAY)
        framing = readable(made)
    except FramingError:
        return None
    return audit(Subject(framing=framing, today=TODAY, document=made.document, proved=made.findings))


def assert_answered(made: Any) -> None:
    failed = [finding.evidence for finding in made.findings if finding.code == "AUDIT001"]
    assert failed == []


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_example_is_answered(name: str):
    assert_answered(audited(TEXTS[name]))


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(documents())
def test_a_mutated_framing_is_answered(plain: Any):
    made = audited(yaml.safe_dump(plain, sort_keys=False))
    event("audited" if made is not None else "no framing")
    if made is not None:
        assert_answered(made)


TABLES = {
    "empty": {name: values[:0] for name, values in table(20).items()},
    "one row": {name: values[:1] for name, values in table(20).items()},
    "two rows": {name: values[:2] for name, values in table(20).items()},
    "all missing": {**table(60), "amount": np.full(60, np.nan), "spend_7d": np.full(60, np.nan)},
    "constant": {**table(60), "amount": np.ones(60), "country": np.array(["FR"] * 60, dtype=object)},
    "infinite": {**table(60), "amount": np.full(60, np.inf)},
    "texts": {**table(60), "amount": np.array([f"t{row % 7}" for row in range(60)], dtype=object)},
    "one instant": {**table(60), "at": np.full(60, table(60)["at"][0])},
    "one part": {**table(60), "split": np.array(["train"] * 60, dtype=object)},
    "no times": {name: values for name, values in table(60).items() if name != "at"},
}


@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("states", ["observed", "immature", "undefined"])
def test_every_table_is_answered(name: str, states: str):
    columns = TABLES[name]
    n = len(columns["split"])
    code = ["observed", "immature", "undefined"].index(states)
    gone = {key: None for key in table(20) if key not in columns}
    rng = np.random.default_rng(0)
    evidence = evidence_of(
        {**columns, **gone},
        labels={"fraud": (rng.random(n) < 0.3).astype(float)},
        states={"fraud": np.full(n, code)},
    )
    assert_answered(audit(subject_with(evidence)))
