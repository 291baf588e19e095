"""`python -m truenorth` is the command line."""

from truenorth.cli import main

main()
