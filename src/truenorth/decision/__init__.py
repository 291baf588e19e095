"""Decisions: from predictions to what is done, what it is expected to cost, and what it cost.

Start with `contract` (what goes in and comes out) and `fit` (`fit_policy` sets thresholds and prices,
`load_policy` reads them back). One file per form: `actions`, `each`, `threshold`, `select`, `rank`,
`quantity`, `bid`, and `scored` where no policy is declared. `score` and `realised` read expressions on
predictions and on labels, `capacity` shares out what is scarce, `guarantee` keeps promises, `reranking` keeps
rules in lists, `accounting` adds up the costs, `fallback` decides where the model cannot.
"""

from truenorth.decision.contract import Batch, Decisions, FittedPolicy, Prediction

__all__ = ["Batch", "Decisions", "FittedPolicy", "Prediction"]
