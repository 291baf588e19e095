"""Features: from definitions to columns that hold only what was known strictly before the prediction.

timing.py     windows, delays and how far back a feature looks
trailing.py   aggregates over earlier events, as jobs for the engine
late.py       the same where events arrive late: what a window may sum, and the band that it may not
own.py        columns and expressions of the example's row, and of other features
lists.py      ranks and aggregates over the other rows of the same list
"""
