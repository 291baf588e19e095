"""Models: arrays in, arrays out, the simplest first.

contract.py     what a task, its rows, a learner and a model are          TaskSpec, Rows, Model, Learner
registry.py     the learners by name, and models read back from a folder  learner, load_model
rule.py         the framing's rule, or the obvious one                    make_rule; rules.py, baseline.py,
external.py linear.py       linear models on what design.py makes of features         LinearLearner;
linear_losses.py trees.py        gradient-boosted trees                                    TreesLearner
calibration.py  predictions that mean what they say                       fit_calibrator, load_calibrator
choose.py       the ladder from rule to trees, and where to stop          Rung, choose
"""

from truenorth.models.choose import Choice, Rung, choose
from truenorth.models.contract import FitSettings, Learner, Model, Rows, TaskSpec
from truenorth.models.registry import LEARNERS, learner, load_model

__all__ = [
    "LEARNERS",
    "Choice",
    "FitSettings",
    "Learner",
    "Model",
    "Rows",
    "Rung",
    "TaskSpec",
    "choose",
    "learner",
    "load_model",
]
