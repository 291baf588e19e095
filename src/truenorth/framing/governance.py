"""Governance: what a decision may not depend on, and what it owes to the person it is about."""

from __future__ import annotations

from typing import Literal

from truenorth.framing.section import Names, Section

Question = Literal[
    "eu_ai_act_tier", "health_data_agreement", "clinical_validation", "change_plan", "medical_device",
    "minors_data", "housing_data", "lending_data", "human_path",
]  # fmt: skip
"""What the audit asks where the domain calls for it (GOV006 to GOV009, GOV014)."""


class Governance(Section):
    """Duties towards people."""

    protected: Names = ()
    """Attributes by which people must be treated alike; kept as context, never features."""
    forbidden: Names = ()
    """Columns that may not be used at all."""
    reason_codes: bool = False
    """Whether each adverse decision states its reasons."""
    answers: dict[Question, str] = {}
    """Answers to the questions that the law or the domain asks; the audit says which are open."""
