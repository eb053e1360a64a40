"""Benchmarks: ratios within one run, with the machine named. `python -m benchmarks.run` prints them all."""
