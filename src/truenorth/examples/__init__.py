"""Examples: one table of keys, labels, features, weights and split; what was removed, and what it holds.

api.py         `truenorth.build`
build.py       the steps of a build, in order
needed.py      which columns an example's own row needs
rows.py        examples from the rows of a log
calendar.py    examples by calendar
parts.py       the parts of the split and when their labels are read
splitting.py   every example into its part
features.py    the features, step by step
labels.py      the labels, step by step
members.py     labels that are several: tags
matching.py    text matches fitted on training rows
table.py       the table as it is written
attrition.py   what every filter removed
profile.py     what the table holds: evidence for the audit
"""
