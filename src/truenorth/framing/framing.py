"""The framing: every section of the file, in the order in which a problem is framed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.business import Business
from truenorth.framing.candidates import Candidates
from truenorth.framing.evaluation import Evaluation
from truenorth.framing.examples import Examples, ExampleTable
from truenorth.framing.experiment import Experiment
from truenorth.framing.features import Features
from truenorth.framing.governance import Governance
from truenorth.framing.labels import Label, Labels
from truenorth.framing.models import Models
from truenorth.framing.monitoring import Monitoring
from truenorth.framing.objective import Objective
from truenorth.framing.policy import Policy
from truenorth.framing.product import Product
from truenorth.framing.proxies import Proxies
from truenorth.framing.references import Constraint
from truenorth.framing.section import Section
from truenorth.framing.serving import Serving
from truenorth.framing.sources import Sources
from truenorth.framing.split import Split
from truenorth.framing.waivers import Waiver


class Framing(Section):
    """What is wanted, from the business goal down to the decision: pure data."""

    framing: Literal[1]
    """Version of the format."""
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")
    """Short name: lower-case letters, digits, `-` and `_`."""
    business: Business
    """Why this is built, for whom, and what it is worth."""
    product: Product = Product()
    """What is put in front of people."""
    sources: Sources
    """The logs and tables, and when their values become known."""
    examples: Examples
    """One row per thing that could be decided; the first table is the one decided on."""
    labels: Labels
    """What happened after the decision."""
    features: Features = {}
    """What was known before the decision."""
    proxies: Proxies = {}
    """How well each label stands for the goal."""
    objective: Objective
    """What is maximised."""
    models: Models = Models()
    """What is tried, and how the winner is chosen."""
    candidates: Candidates | None = None
    """Where the things to rank come from."""
    policy: Policy | None = None
    """How a score becomes a decision."""
    evaluation: Evaluation = Evaluation()
    """What is measured beside the objective."""
    constraints: tuple[Constraint, ...] = ()
    """What must hold before release."""
    split: Split | None = None
    """Who learns from what."""
    experiment: Experiment | None = None
    """The test that must confirm it."""
    serving: Serving = Serving()
    """How decisions are asked for."""
    monitoring: Monitoring = Monitoring()
    """What is watched after release."""
    governance: Governance = Governance()
    """Duties towards people."""
    waivers: tuple[Waiver, ...] = ()
    """Rules that are knowingly broken."""
    open_questions: tuple[str, ...] = ()
    """What nobody knows yet."""

    @model_validator(mode="after")
    def _costs_stand_once(self) -> Self:
        if self.business.errors is not None and self.policy is not None and self.policy.form is not None:
            raise PydanticCustomError(
                "framing",
                "expected either business.errors or policy.{form}, got both. Fix: keep the policy",
                {"form": self.policy.form, "key": ("business", "errors")},
            )
        return self

    @property
    def table(self) -> ExampleTable:
        """The example table that is decided on: the first."""
        return next(iter(self.examples.values()))

    def table_of(self, label: Label) -> ExampleTable:
        """Return the example table of a label: the one it names, else the first."""
        return self.examples[label.on] if label.on else self.table
