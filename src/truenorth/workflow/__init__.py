"""The main job: stages in order, each made once, in a directory that can be looked at.

stages.py        STAGES, in order, with what each depends on
preparing.py learning.py calibrating.py choosing.py deciding.py evaluating.py     one stage each
parts.py         which rows learn, choose, calibrate, set thresholds and test
work.py          what the stages of one run share
keys.py store.py content keys, and complete folders under them
run.py api.py    the verb, from a request and from Python
result.py        what a run says
runs.py          runs that were made before
"""
