"""Whole molecules: some variables of a network are counted, and change by single events at random times."""

from migralab.pathways.counted.build import LEAP_ABOVE, Counted, counted_build

__all__ = ["LEAP_ABOVE", "Counted", "counted_build"]
