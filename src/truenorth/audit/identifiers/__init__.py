"""Identifiers of persons: which columns hold them, without showing a value.

detect.py      one verdict per column                                      find_identifiers, Identifier, KINDS
rules.py       which names and values show which kind; lexicon.py, patterns.py and checksums.py serve it
sample.py      the sample that is looked at
"""

from truenorth.audit.identifiers.detect import KINDS, Identifier, find_identifiers

__all__ = ["KINDS", "Identifier", "find_identifiers"]
