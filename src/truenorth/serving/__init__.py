"""Bundles and scoring: what a released decision needs, and how it is applied.

manifest.py   which files belong to a bundle, and their sums
bundle.py     writing and reading a bundle
scorer.py     features in, decisions out
"""
