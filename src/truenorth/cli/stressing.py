"""The commands of the stress test: stress, weights, proxies."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from truenorth.cli.failing import told
from truenorth.cli.options import AsOf, Debug, Json, changes_of, print_json, request_of
from truenorth.cli.running import RUNS, Name, Runs, Seed

TURNED, SETTLED = ("TRAP", "HARMFUL"), ("ALIGNED",)
_TURNS, _NOT_ASSESSED = 4, 5


def stress(
    name: Annotated[
        str,
        typer.Argument(metavar="RUN|FILE", help="A run, as for report; or a framing, which is run first."),
    ],
    proxy: Annotated[
        str | None, typer.Option("--proxy", help="Only this: score, a task, or a declared proxy.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Also write it as one HTML file.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the framing first: section.key=value."),
    ] = None,
    as_of: AsOf = None,
    out: Runs = RUNS,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what happens to the KPI as the score and its proxies are optimised harder, and where it turns.

    From logged decisions with their candidates and probabilities; a log that cannot answer is told what to
    log. Exits with 0 where nothing turns, with 4 where something does, with 5 where the log cannot tell.
    """
    with told(as_json=as_json, debug=debug):
        result = _result(name, out, seed, as_of, changes or [], quiet=as_json)
        made = _only(result["stress"], proxy)
        if page is not None:
            from truenorth.documents.stress import write_stress

            sys.stderr.write(f"wrote {write_stress({**result, 'stress': made}, page)}\n")
        if as_json:
            print_json(made)
        else:
            sys.stdout.write("\n".join(_lines(made)) + "\n")
    raise SystemExit(_exit_code(made))


def weights(
    name: Name,
    depth: Annotated[
        float, typer.Option("--depth", min=0.05, help="Pressure at which weights are compared.")
    ] = 0.75,
    out: Runs = RUNS,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Propose weights of the score that serve the KPI, with their lift on units that did not choose them.

    Nothing is trained again: weights are chosen from the decisions of the run's stress test, and judged on
    four tenths of the units that were held out, beside today's score, equal weights and each label alone.
    """
    with told(as_json=as_json, debug=debug):
        from truenorth.workflow.runs import find_run
        from truenorth.workflow.weighing import propose_weights

        found = find_run(name, out)
        proposed = propose_weights(found, depth=depth, seed=seed)
        if as_json:
            print_json(proposed.to_dict())
        else:
            sys.stdout.write(f"{proposed!r}\n")


def proxies(
    file: Annotated[
        Path, typer.Argument(metavar="EXPERIMENTS.csv", help="One row per past experiment or arm.")
    ],
    kpi: Annotated[
        str | None, typer.Option("--kpi", help="Column of the KPI's effect; default: the first metric.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say which proxies foretold the KPI in past experiments, noise removed, and the best mix of them.

    Columns: experiment, shared by its arms; for the KPI and each proxy NAME (its effect) and NAME_se (its
    standard error); cov_A_B where known (covariance of two estimates); segment, for rows that are a part of
    an experiment, and arm where it has several.
    """
    with told(as_json=as_json, debug=debug):
        from truenorth.counterfactual.proxies import vet_proxies
        from truenorth.workflow.past_experiments import read_experiments

        past = read_experiments(file, kpi=kpi)
        made = vet_proxies(
            past.effects, past.noise, past.names[1:], segments=past.segments, experiment=past.experiments,
            seed=seed,
        )  # fmt: skip
        if as_json:
            findings = [*past.findings, *made.findings]
            print_json({"kpi": past.names[0], **made.to_dict(), "findings": [f.to_dict() for f in findings]})
            return
        sys.stdout.write(f"KPI {past.names[0]}\n{made!r}\n")
        for finding in past.findings:
            sys.stdout.write(f"  {finding}\n")


def _result(
    name: str, out: Path, seed: int, as_of: str | None, changes: list[str], *, quiet: bool
) -> Mapping[str, Any]:
    """Return the JSON of a run: of a framing that is run now, or of one that was made."""
    from truenorth.workflow.runs import find_run

    file = Path(name)
    if not file.is_file():
        return dict(find_run(name, out).result)
    from truenorth.cli.progress import reported
    from truenorth.engine.contract import EngineSettings
    from truenorth.workflow.run import RunOptions, run_request

    request = request_of(file, as_of, 0, changes_of(changes))
    with reported(quiet=quiet) as progress:
        settings = EngineSettings(progress=progress)
        return dict(run_request(request, out, RunOptions(seed=seed, settings=settings)).result)


def _only(made: Mapping[str, Any], proxy: str | None) -> Mapping[str, Any]:
    """Return the stress test of one proxy alone.

    Raises:
        DataError: If there is no such proxy in it.
    """
    from truenorth.errors import DataError, Finding, suggest

    held = made.get("proxies", {})
    if proxy is None or (not held and made.get("refused")):
        return made
    if proxy in held:
        return {**made, "proxies": {proxy: held[proxy]}}
    listed = ", ".join(held) or "none"
    fix = suggest(proxy, list(held), otherwise="declare the label under proxies, and run again.")
    evidence = f"expected a proxy of the stress test ({listed}), got {proxy!r}."
    raise DataError(Finding(code="STRESS065", where="--proxy", evidence=evidence, fix=fix))


def _lines(made: Mapping[str, Any]) -> Iterator[str]:
    """Yield the verdict of each proxy in a sentence, and what limits them."""
    refused = made.get("refused")
    if refused:
        yield f"refused: {refused['evidence']}"
        yield f"  Fix: {refused['fix']}"
        return
    if not made:
        yield "this run made no stress test; run the framing again"
        return
    yield f"tier {made['tier']}: {made['n']:,} decisions of {made['n_units']:,} units"
    for one in made["proxies"].values():
        yield f"{one['verdict']:<13}{one['called']:<16}{one['sentence']}"
    for note in made["notes"]:
        if note["severity"] != "info":
            yield f"{note['where']}: {note['evidence']} [{note['code']}]"


def _exit_code(made: Mapping[str, Any]) -> int:
    verdicts = [one["verdict"] for one in made.get("proxies", {}).values()]
    if any(one in TURNED for one in verdicts):
        return _TURNS
    return 0 if any(one in SETTLED for one in verdicts) else _NOT_ASSESSED
