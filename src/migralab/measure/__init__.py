"""Observables: `Observations` in, `Readouts` out; the same code for simulated dishes and micrographs."""

from migralab.measure.combination import combine, ratio
from migralab.measure.measurement import measure
from migralab.measure.readout import Readout, Readouts

__all__ = ["Readout", "Readouts", "combine", "measure", "ratio"]
