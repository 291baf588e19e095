"""Labels: from definitions to the columns value, state, mature_at, event_at, event_known_at and weight.

timing.py    delays, horizons and the order in which labels depend on each other
events.py    labels over later events, as jobs for the engine
own.py       labels over the example's own row
verdict.py   the three states, and expressions over labels whose parts may be missing
columns.py   one label's columns from what the jobs found
"""
