"""What a framing states, drawn together for rules: what it decides by, reads, plans and calls by name."""
