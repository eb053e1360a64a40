"""Lines of the registry: what is carried, and what arrives."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.signals import cargo, mitochondria, signal
from migralab.measure.registry.observable import Observable, line


def list_signals() -> Iterator[Observable]:
    """Yield cargo, mitochondria, and what arrives at the cells."""
    yield line("cargo.rna_positive_share", cargo.measure_rna_share, "", "share of migrasomes that hold RNA")
    for kind in cargo.KINDS:
        yield line(
            f"cargo.{kind}_mean", cargo.measure_content, "1/migrasome",
            f"mean number of {kind.replace('_', ' ')} in a migrasome", kind=kind,
        )  # fmt: skip
    yield line(
        "mitochondria.potential", mitochondria.measure_potential, "", "membrane potential in cells, of a healthy one"
    )
    yield line("mitochondria.damaged_share", mitochondria.measure_damaged_share, "", "damaged share in cells")
    yield line(
        "mitochondria.peripheral_damaged", mitochondria.measure_peripheral_damaged, "1/cell",
        "damaged mitochondria at the periphery",
    )  # fmt: skip
    for which in mitochondria.WHICH:
        yield line(
            f"mitochondria.exported_per_cell{'' if which == 'all' else '@' + which}", mitochondria.measure_export,
            "1/cell", f"mitochondria that left in migrasomes, {which}", which=which,
        )  # fmt: skip
    yield line(
        "mitochondria.export_share", mitochondria.measure_export_share, "",
        "share of export in the removal of damaged mitochondria",
    )  # fmt: skip
    yield line(
        "mitochondria.selectivity", mitochondria.measure_selectivity, "",
        "potential of exported over that of retained mitochondria",
    )  # fmt: skip
    for what, (_, unit, words) in signal.ARRIVALS.items():
        yield line(f"signal.{what}", signal.measure_arrival, unit, f"{words}, mean", what=what)
        yield line(
            f"signal.{what}@share", signal.measure_arrival, "", f"share of cells with any {words}", what=what,
            share=True,
        )  # fmt: skip
    yield line(
        "mitochondria.positive_share", mitochondria.measure_positive_share, "",
        "share of migrasomes that hold a mitochondrion",
    )  # fmt: skip
