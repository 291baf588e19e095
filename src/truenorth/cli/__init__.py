"""The command line: a thin face over the package.

app.py       the commands and their options
failing.py   from an error to a message and an exit code
showing.py   what a build prints
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    from truenorth.cli.app import run

    run()
