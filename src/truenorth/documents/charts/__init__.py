"""Vega-Lite charts of a run; every one is a function from plain rows to a specification without a link."""
