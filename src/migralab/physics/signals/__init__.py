"""Formulas of cargo, release, binding and contact."""
