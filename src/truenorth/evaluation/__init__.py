"""What decisions are worth: figures with intervals, beside the rule, and whether the constraints hold.

`measure.measure` answers one metric of the framing, `compare.compare` the paired difference of two ways to
decide, `constraints.check_constraints` and `gate.gate` what may be released, `evaluate.evaluate` all of it.

    contract     Figure, Outcome, Judged: what goes in and what comes out
    reading      judged rows as arrays: labels, predictions, decisions, clusters, lists
    metrics/     the metrics themselves, arrays in, an estimate out
    families/    from a metric's question to its answer on judged rows
    reduction    by the values of a column: mean, worst, gap, ratio
"""

from truenorth.evaluation.contract import Figure, Gate, Judged, Outcome, Status

__all__ = ["Figure", "Gate", "Judged", "Outcome", "Status"]
