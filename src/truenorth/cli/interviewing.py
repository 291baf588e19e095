"""The commands that frame and agree: interview, kickoff, canvas."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from truenorth.cli.failing import INTERRUPTED, told
from truenorth.cli.options import Debug, File, Json, found, print_json
from truenorth.errors import Finding, FramingError

NOT_WHOLE = 2
"""Exit code where a framing was written that does not load yet."""

Out = Annotated[Path, typer.Option("--out", help="The framing to write.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]
To = Annotated[Path | None, typer.Option("--to", help="File to write; default: Markdown on the screen.")]


def interview(
    prompt: Annotated[
        str | None, typer.Argument(help="With --practice: what is asked for, such as 'design the news feed'.")
    ] = None,
    practice: Annotated[
        bool,
        typer.Option("--practice", help="A vague prompt and no hints; scorecard and red flags after it."),
    ] = False,
    system: Annotated[
        str | None, typer.Option("--system", help="A ready system: its questions, its values as examples.")
    ] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Time for all of it.")] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="Script of 6, 7 or 8 steps; with --practice its times are shown."),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Take the answers from a file and ask nothing.")
    ] = None,
    out: Out = Path("framing.yaml"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interview that was begun.")
    ] = False,
    overwrite: Overwrite = False,
    listed: Annotated[bool, typer.Option("--list", help="Print every question and ask nothing.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Ask the clarifying questions in the order of framing, and write the framing that the answers make.

    What nobody knows stays open: an entry of open_questions and a comment at its place, never a default.
    Exits with 0 where the framing loads, with 2 where something is missing or wrong (it is written all the
    same), with 130 where it was stopped; --resume goes on.
    """
    if answers is not None:
        _refuse_what_asks_nothing(minutes=minutes, steps=steps, resume=resume)
    with told(as_json=as_json, debug=debug):
        if listed:
            _list(system, as_json=as_json)
            return
        if practice:
            _practise(prompt, _choices(system, minutes, steps), answers, as_json=as_json)
            return
        draft = _interview(_choices(system, minutes, steps), answers, out, resume=resume, overwrite=overwrite)
        _tell_draft(draft, out, as_json=as_json)
    if not draft.is_valid:
        raise SystemExit(NOT_WHOLE)


def kickoff(file: File, to: To = None, as_json: Json = False, debug: Debug = False) -> None:
    """Write the one-page kickoff sheet of a framing, ready to sign, as Markdown or HTML by the file's ending.

    What nobody wrote is a blank line. A framing that does not load yet is written as a draft.
    """
    with told(as_json=as_json, debug=debug, file=file):
        from truenorth.documents.kickoff import sheet_html, sheet_markdown

        sheet = _sheet(found(file))
        forms = {".md": sheet_markdown, ".html": sheet_html}
        if to is not None and to.suffix not in forms:
            raise FramingError(_ending(to, forms))
        if to is not None:
            _write(to, forms[to.suffix](sheet), quiet=as_json)
        if as_json:
            print_json(sheet.to_dict())
        elif to is None:
            sys.stdout.write(sheet_markdown(sheet))


class Way(StrEnum):
    """Which way a canvas goes."""

    export = "export"
    import_ = "import"


def canvas(
    way: Annotated[Way, typer.Argument(help="From a framing to a canvas, or from a canvas to a framing.")],
    file: Annotated[Path, typer.Argument(help="The framing, or the canvas: Markdown, JSON or YAML.")],
    to: To = None,
    out: Out = Path("framing.yaml"),
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Export a framing as the ten fields of the machine-learning canvas, or import one as a draft.

    What a canvas does not say becomes an open question. An import exits with 2 where the draft does not load.
    """
    with told(as_json=as_json, debug=debug, file=file if way is Way.export else None):
        if way is Way.export:
            _export(found(file), to, as_json=as_json)
            return
        draft = _import(file, out, overwrite=overwrite)
        _tell_draft(draft, out, as_json=as_json)
    if not draft.is_valid:
        raise SystemExit(NOT_WHOLE)


class _Terminal:
    """Questions on the screen, answers from the keyboard or a pipe."""

    def ask(self, prompt: str) -> str:
        return input(prompt)

    def tell(self, text: str) -> None:
        sys.stdout.write(text + "\n")


def _choices(system: str | None, minutes: float | None, steps: int | None) -> dict[str, Any]:
    chosen = {"system": system, "minutes": minutes, "steps": steps}
    return {name: value for name, value in chosen.items() if value is not None}


def _refuse_what_asks_nothing(**options: float | bool | None) -> None:
    """Refuse options of a conversation beside a file of answers, which is asked nothing."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise typer.BadParameter(
                "is for questions that are asked, not for --answers.", param_hint=f"--{name}"
            )


def _interview(
    chosen: dict[str, Any], answers: Path | None, out: Path, *, resume: bool, overwrite: bool
) -> Any:
    from truenorth.interview import plan
    from truenorth.interview.session import answered_by, begin, interview, write_framing

    given = begin(out, resume=resume, overwrite=overwrite)
    if answers is not None:
        given = answered_by(answers, system=chosen.get("system"))
    else:
        planned = plan(**{**given.about, **chosen})
        given = interview(planned, given, out, screen=_Terminal(), clock=time.monotonic)
    return write_framing(given, out)


def _practise(prompt: str | None, chosen: dict[str, Any], answers: Path | None, *, as_json: bool) -> None:
    from truenorth.interview import plan
    from truenorth.interview.practice import judge, listen, load_transcript, result_text

    system, planned = chosen.get("system"), plan(**chosen)
    wanted = prompt or (f"design {_title(system)}" if system else "")
    if answers is not None:
        said = load_transcript(answers, prompt=wanted)
    elif wanted:
        minutes = sum(step.seconds for step in planned.steps) / 60
        script = planned.steps if "steps" in chosen else ()
        said = listen(wanted, _Terminal(), time.monotonic, minutes=minutes, script=script)
    else:
        raise FramingError(_no_prompt())
    result = judge(said, system=system)
    if as_json:
        print_json(result.to_dict())
    else:
        sys.stdout.write(result_text(result))
    if said.was_stopped:
        raise SystemExit(INTERRUPTED)


def _title(system: str) -> str:
    from truenorth.systems.system import system_named

    return f"the system {system_named(system).title.lower()!r}"


def _list(system: str | None, *, as_json: bool) -> None:
    from truenorth.interview import TOPICS, plan

    questions = plan(system=system).questions
    if as_json:
        print_json([question.to_dict() for question in questions])
        return
    for topic, title in TOPICS.items():
        sys.stdout.write(f"{title}\n")
        for question in questions:
            if question.topic == topic:
                sys.stdout.write(f"  {question.id:<22}{question.text}\n")


def _sheet(file: Path) -> Any:
    from truenorth.documents.sheet import kickoff_sheet
    from truenorth.interview.written import read_written

    written = read_written(file)
    remark = f"Draft: the framing does not load yet ({len(written.mistakes)} to mend)."
    return kickoff_sheet(written.data, remark=remark if written.mistakes else "")


def _export(file: Path, to: Path | None, *, as_json: bool) -> None:
    from truenorth.interview import write_canvas
    from truenorth.interview.canvas import canvas_of
    from truenorth.interview.written import read_written

    made = canvas_of(read_written(file).data)
    if to is not None:
        _write(to, write_canvas(made, to.suffix), quiet=as_json)
    if as_json:
        print_json(made.to_dict())
    elif to is None:
        sys.stdout.write(write_canvas(made, ".md"))


def _import(file: Path, out: Path, *, overwrite: bool) -> Any:
    from truenorth.documents.files import write_whole
    from truenorth.interview import framing_text, read_canvas
    from truenorth.interview.canvas import draft_of
    from truenorth.interview.session import begin

    begin(out, overwrite=overwrite)
    draft = draft_of(read_canvas(file))
    write_whole(out, framing_text(draft))
    return draft


def _tell_draft(draft: Any, out: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"framing": str(out), **draft.to_dict()})
        return
    for finding in (*draft.incomplete, *draft.missing, *draft.mistakes):
        sys.stderr.write(f"{finding}\n")
    n_open = len(draft.open_questions)
    state = "it loads" if draft.is_valid else "it does not load yet"
    sys.stdout.write(f"wrote {out}: {state}, {n_open} open question{'s' if n_open != 1 else ''}\n")
    if draft.is_valid:
        sys.stdout.write(f"next: truenorth audit {out}\n")


def _write(to: Path, content: str, *, quiet: bool) -> None:
    from truenorth.documents.files import write_whole

    write_whole(to, content)
    if not quiet:
        sys.stdout.write(f"wrote {to}\n")


def _ending(to: Path, known: Any) -> Finding:
    evidence = f"expected a file that ends in {' or '.join(known)}, got {to.suffix or 'no ending'!r}."
    return Finding(code="INTERVIEW012", where="--to", evidence=evidence, fix="write --to kickoff.html.")


def _no_prompt() -> Finding:
    evidence = "expected a prompt, a system or a file of answers, got none."
    fix = "truenorth interview --practice 'design the news feed ranking'."
    return Finding(code="INTERVIEW013", where="--practice", evidence=evidence, fix=fix)
