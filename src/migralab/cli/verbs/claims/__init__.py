"""Verbs about claims: judge them, and ask which experiment would decide between two explanations."""
