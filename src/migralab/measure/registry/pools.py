"""Lines of the registry: what is found in urine, blood and other pools."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.signals import pool
from migralab.measure.registry.observable import Observable, line


def list_pools() -> Iterator[Observable]:
    """Yield concentrations, and first detections."""
    yield line("pool.vesicles", pool.measure_vesicles, "1/ml", "migrasomes per ml of a pool")
    yield line("pool.concentration", pool.measure_concentration, "nM", "concentration of a substance in a pool")
    yield line(
        "pool.first_detection", pool.measure_first_detection, "min",
        "when a substance in a pool first reaches the detection limit of its assay",
    )  # fmt: skip
