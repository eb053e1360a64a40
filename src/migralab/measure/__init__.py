"""Observables: `Observations` in, `Readouts` out; the same code for simulated dishes and micrographs."""

import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from migralab.measure.combination import combine, ratio
from migralab.measure.measurement import measure
from migralab.measure.readout import Readout, Readouts
from migralab.results.observations import Observations

__all__ = ["Readout", "Readouts", "combine", "measure", "ratio"]


class _Room(ModuleType):
    """`migralab.measure` names this room and its verb; once imported the room hides the verb, so it can be called."""

    def __call__(
        self,
        observations: Observations,
        ids: Iterable[str] | None = None,
        frame: int | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Readouts:
        """Measure one experiment; see `migralab.measure.measurement.measure`."""
        return measure(observations, ids, frame, options)


sys.modules[__name__].__class__ = _Room
