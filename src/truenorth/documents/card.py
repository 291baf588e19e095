"""The model card: what was made, for what, on what, how good it is, and what is not known about it.

References:
    Mitchell et al. (2019). Model Cards for Model Reporting. FAT*.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truenorth.documents.blocks import Absent, Block, Bullets, Cell, Facts, Section
from truenorth.documents.files import write_whole
from truenorth.documents.header import header
from truenorth.documents.markdown import markdown
from truenorth.documents.reading import mapping, text, values
from truenorth.documents.sections.calibration import calibration
from truenorth.documents.sections.examples import examples
from truenorth.documents.sections.metrics import metrics
from truenorth.documents.sections.record import findings, not_assessed, record


def write_card(result: Mapping[str, Any], path: Path) -> Path:
    """Write the model card of a run as Markdown, whole or not at all.

    Args:
        result: The JSON of a run.
        path: File to write; its folder is made where needed.

    Returns:
        The path.
    """
    top = header(result)
    sections = [
        _details(result), _use(result), metrics(result), calibration(result), examples(result),
        not_assessed(result), findings(result), record(result),
    ]  # fmt: skip
    return write_whole(Path(path), markdown(f"Model card: {top.name}", sections, lead=top.sentence))


def _details(result: Mapping[str, Any]) -> Section:
    top = header(result)
    forms = {name: text(task, "form") for name, task in mapping(result, "train", "tasks").items()}
    rows = [("Gate", Cell(top.gate.name, top.gate.meaning)), *top.facts]
    rows += [(f"Model of {name}", Cell(form or "not stated")) for name, form in forms.items()]
    blocks: list[Block] = [Facts(rows)]
    if top.gate.reasons:
        blocks.append(Bullets(top.gate.reasons, "Reasons of the gate"))
    return Section("details", "Model", blocks)


def _use(result: Mapping[str, Any]) -> Section:
    product, business = mapping(result, "framing", "product"), mapping(result, "framing", "business")
    stated = {
        "Intended use": text(product, "intended_use") or text(business, "decision"),
        "Out of scope": text(product, "out_of_scope"),
        "Users": text(business, "users"),
        "Owner": text(business, "owner"),
        "Role of the machine": text(product, "archetype").replace("_", " "),
    }
    blocks: list[Block] = [Facts([(name, Cell(said or "not stated")) for name, said in stated.items()])]
    risks = [str(risk) for risk in values(product, "known_risks")]
    blocks.append(
        Bullets(risks, "Known risks") if risks else Absent("Known risks", "the framing names none.")
    )
    return Section("use", "Use", blocks)
