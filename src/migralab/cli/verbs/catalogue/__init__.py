"""Verbs about the entries of the catalogue: `list`, `show`, `cite` and `catalogue`."""
