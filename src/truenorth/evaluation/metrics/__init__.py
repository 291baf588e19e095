"""The metrics themselves: arrays in, an estimate out, nothing about framings.

Every function takes arrays of one length and gives an `Estimate`: the value and each row's influence on it.
`truth` is what happened, `score` is what orders, `prediction` is on the scale of the truth, `weight` is how
much a row counts.
"""
