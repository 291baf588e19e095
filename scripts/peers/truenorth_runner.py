"""Ask True North, as a user would: Parquet files, a framing, `truenorth build`, and the examples table.

The framing of a case with a window of zero length is built on its own, because it is refused as a whole.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from exchange import Answers, Case, Log, feature_answer, label_answer, print_result, read_log

SETTINGS = (
    "`truenorth build --as-of` the end of the log; "
    "the framing promises that an event is received within an hour"
)
FRAMING_ERROR = 2
CODE = re.compile(r"""["\[]([A-Z]{3,}\d{3})["\]]""")

FRAMING = """\
framing: 1
name: peers
business: {{goal: Say what each tool makes of every boundary}}
sources:
  decisions: {{path: decisions.parquet, time: decided_at, key: decision_id, covers: {covers}}}
  records:   {{path: records.parquet, time: happened_at, key: record_id, covers: {covers},
              known_at: received_at, known_after: {delay}}}
examples: {{source: decisions, entity: entity, at: time}}
labels:
{labels}
features:
{features}
objective: {{score: {task}, metric: average_precision({task})}}
"""


def main() -> None:
    """Read the log, print the answers."""
    log = read_log(sys.argv[1:])
    usual = [case for case in log.cases if case.window]
    answers = ask(log, usual)
    for case in log.cases:
        if not case.window:
            answers |= ask(log, [*usual, case], about=[case])
    print_result(tool="True North", version=version("truenorth"), settings=SETTINGS, answers=answers)


def ask(log: Log, cases: list[Case], *, about: list[Case] | None = None) -> Answers:
    """Return the answers about some of the cases (default all) from one framing that declares all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sources(log, folder)
        (folder / "framing.yaml").write_text(framing(log, cases))
        done = build(folder, as_of=log.as_of)
        if done.returncode == FRAMING_ERROR:
            sys.stderr.write(done.stdout + done.stderr)
            codes = sorted(set(CODE.findall(done.stdout + done.stderr)))
            return {case.name: f"refused ({', '.join(codes)})" for case in about or cases}
        if done.returncode != 0:
            raise SystemExit(f"truenorth build ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        rows = pq.read_table(folder / "out" / "examples.parquet").to_pylist()
    return {
        case.name: answer(case, [row for row in rows if row["entity"] == case.entity])
        for case in about or cases
    }


def build(folder: Path, *, as_of: datetime) -> subprocess.CompletedProcess[str]:
    """Run the command line in the folder."""
    command = [
        sys.executable,
        "-m",
        "truenorth",
        "build",
        "framing.yaml",
        "--as-of",
        f"{as_of.isoformat()}Z",
        "--out",
        "out",
        "--json",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def write_sources(log: Log, folder: Path) -> None:
    """Write the decisions and the records as Parquet files."""
    stamp = pa.timestamp("us", tz="UTC")
    decisions = [(case.entity, case.at) for case in log.cases for _ in range(case.n_decisions)]
    write(
        folder / "decisions.parquet",
        pa.schema([("decision_id", pa.int64()), ("entity", pa.int64()), ("decided_at", stamp)]),
        [(number, *decision) for number, decision in enumerate(decisions, start=1)],
    )
    write(
        folder / "records.parquet",
        pa.schema(
            [
                ("record_id", pa.int64()),
                ("entity", pa.int64()),
                ("kind", pa.string()),
                ("happened_at", stamp),
                ("received_at", stamp),
                ("amount", pa.float64()),
            ]
        ),
        [
            (event.number, event.entity, event.kind, event.time, event.received, event.value)
            for event in log.events
        ],
    )


def write(path: Path, schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows in the order of the schema."""
    pq.write_table(
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema), path
    )


def framing(log: Log, cases: list[Case]) -> str:
    """Return a framing with one label and one pair of features per distinct window of the cases."""
    labels, features = {}, {}
    for case in cases:
        events, window = "source: records, where: kind = 'event'", text(case.window)
        if case.side == "label":
            labels[label_name(case)] = f"{{{events}, gap: {text(case.gap)}, within: {window}}}"
        else:
            features[feature_name(case, "count")] = f"{{{events}, count: true, last: {window}}}"
            features[feature_name(case, "mean")] = f"{{{events}, mean: amount, last: {window}}}"
    start, end = (f"{time:%Y-%m-%d}" for time in log.covers)
    return FRAMING.format(
        covers=f"{start}..{end}",
        delay=text(log.delay),
        labels=section(labels),
        features=section(features),
        task=next(iter(labels)),
    )


def section(definitions: dict[str, str]) -> str:
    """Return the lines of a section of the framing."""
    return "\n".join(f"  {name}: {definition}" for name, definition in definitions.items())


def answer(case: Case, rows: list[dict[str, Any]]) -> str:
    """Return what the rows of the case's entity say: the label or its state, or the features."""
    if case.side == "feature":
        found = [(row[feature_name(case, "count")], row[feature_name(case, "mean")]) for row in rows]
        return feature_answer(found, n_decisions=case.n_decisions)
    states = [row[f"{label_name(case)}__state"] for row in rows]
    if states and states[0] != "observed":
        return str(states[0])
    return label_answer([row[label_name(case)] for row in rows])


def label_name(case: Case) -> str:
    """Return the name of the label that answers the case."""
    return f"happened_{text(case.window)}_after_{text(case.gap)}"


def feature_name(case: Case, what: str) -> str:
    """Return the name of the feature that answers the case."""
    return f"event_{what}_{text(case.window)}"


def text(duration: timedelta) -> str:
    """Return the duration as the framing language writes it."""
    seconds = round(duration.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


if __name__ == "__main__":
    main()
