"""Rules of a section that are being written."""

from truenorth.audit.contract import Rule

RULES: tuple[Rule, ...] = ()
