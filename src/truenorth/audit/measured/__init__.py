"""What the built examples and a finished run show, measured for rules."""
