"""One interview from start to file: where answers are kept, what is resumed, what is written at the end."""

from __future__ import annotations

from pathlib import Path

from truenorth.documents.files import write_whole
from truenorth.errors import Finding, FramingError, Interrupted
from truenorth.framing.schema import schema_text
from truenorth.interview.answers import Answers, dump_answers, load_answers
from truenorth.interview.asking import Clock, Screen, Seat, conduct, leave_open
from truenorth.interview.draft import Draft, make_draft
from truenorth.interview.scripts import Plan, plan
from truenorth.interview.writing import framing_text


def answers_path(out: Path) -> Path:
    """Return the file beside a framing in which its answers are kept.

    Examples:
        >>> answers_path(Path("fraud/framing.yaml")).name
        'framing.answers.yaml'
    """
    return out.with_name(f"{out.stem}.answers.yaml")


def begin(out: Path, *, resume: bool = False, overwrite: bool = False) -> Answers:
    """Return the answers that an interview begins with: none, or those of the one that is resumed.

    Args:
        out: The framing that will be written.
        resume: Go on with the interview whose answers are kept beside it.
        overwrite: Replace what stands there.

    Raises:
        FramingError: If there is something that would be lost, or nothing to resume.
    """
    kept = answers_path(out)
    if resume:
        if not kept.is_file():
            raise FramingError(_nothing_to_resume(kept))
        if out.exists() and not overwrite:
            raise FramingError(_taken(out, is_interview=False))
        return load_answers(kept)
    taken = next((path for path in (kept, out) if path.exists()), None)
    if taken is not None and not overwrite:
        raise FramingError(_taken(taken, is_interview=taken == kept))
    return Answers()


def interview(planned: Plan, answers: Answers, out: Path, *, screen: Screen, clock: Clock) -> Answers:
    """Ask what is not yet answered; every answer is kept beside the framing at once.

    Raises:
        Interrupted: If the input ends or Ctrl-C is pressed; what was answered is kept.
    """
    about = {key: value for key, value in (planned.about or {}).items() if value is not None}

    def keep(now: Answers) -> None:
        dump_answers(Answers(given=now.given, unknown=now.unknown, seconds=now.seconds, about=about), kept)

    kept = answers_path(out)
    keep(answers)
    try:
        return conduct(planned, answers, Seat(screen, clock, keep))
    except (EOFError, KeyboardInterrupt):
        raise Interrupted(_stopped(out, kept)) from None


def answered_by(file: Path, *, system: str | None = None) -> Answers:
    """Return the answers of a file; what it passes over of what an interview would ask is open.

    Args:
        file: The answers.
        system: A ready system whose family chooses the questions; by default the one that the file names.

    Raises:
        FramingError: If the file cannot be read, or there is no such system.
    """
    answers = load_answers(file)
    chosen = {"system": system} if system is not None else {}
    return leave_open(plan(**{**answers.about, **chosen}), answers)


def write_framing(answers: Answers, out: Path) -> Draft:
    """Write the framing that the answers make, its open questions beside their keys, and its schema.

    It is written also where it does not load yet: it then says what is missing.
    """
    draft = make_draft(answers)
    write_whole(out, framing_text(draft))
    write_whole(out.with_name("framing.schema.json"), schema_text())
    return draft


def _nothing_to_resume(kept: Path) -> Finding:
    evidence = "expected the answers of an interview that was begun, got no such file."
    fix = "begin one without --resume, or name its framing with --out."
    return Finding(code="INTERVIEW009", where=str(kept), evidence=evidence, fix=fix)


def _taken(path: Path, *, is_interview: bool) -> Finding:
    got = "the answers of an interview" if is_interview else "a framing"
    way = "--resume goes on with it, --overwrite begins anew" if is_interview else "--overwrite replaces it"
    evidence = f"expected a place where nothing stands, got {got}."
    return Finding(
        code="INTERVIEW010", where=str(path), evidence=evidence, fix=f"{way}, --out names another."
    )


def _stopped(out: Path, kept: Path) -> Finding:
    n_answers = len(load_answers(kept).to_dict()["answers"])
    evidence = f"expected every question to be asked, got a stop after {n_answers}; they are kept."
    replaced = " --overwrite" if out.exists() else ""
    fix = f"truenorth interview --resume{replaced} --out {out} goes on where it was."
    return Finding(code="INTERVIEW011", where=str(kept), evidence=evidence, fix=fix)
