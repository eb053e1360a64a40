"""Errors, units, keys and random numbers: what every room may use. Imports nothing here, so that kernels load fast."""
