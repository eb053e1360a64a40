"""Formulas on float arrays in um, s, pN: no state, no units objects, no files."""
