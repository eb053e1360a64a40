"""Every observable: id, function, unit and one sentence. A new one is a function, a line and a test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migralab.measure.observables import (
    ageing,
    cargo,
    count,
    fibre,
    growth,
    lifetime,
    mitochondria,
    motility,
    signal,
    size,
    spacing,
    trail,
)
from migralab.measure.observer import OBSERVERS
from migralab.measure.view import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Observable:
    """One line of the registry.

    Parameters
    ----------
    id
        ``family.name``; after an ``@`` the variant.
    function
        Takes a `View` and options by name, returns an `Estimate`.
    unit
        Unit of the value; empty for a pure number.
    description
        One sentence.
    fixed
        Options that make the variant.
    """

    id: str
    function: Callable[..., Estimate]
    unit: str
    description: str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def options(self) -> tuple[str, ...]:
        """Return the names of the options that may be set."""
        return tuple(list(inspect.signature(self.function).parameters)[1:])


def _line(name: str, function: Callable[..., Estimate], unit: str, description: str, **fixed: object) -> Observable:
    return Observable(id=name, function=function, unit=unit, description=description, fixed=fixed)


def _counts() -> Iterator[Observable]:
    yield _line("count.per_cell", count.count_per_cell, "1/cell", "migrasomes on the ground per cell")
    for which in ("attached", "detached", "stabilised"):
        yield _line(
            f"count.per_cell@{which}",
            count.count_per_cell,
            "1/cell",
            f"{which} migrasomes per cell",
            which=which,
        )
    yield _line("count.formed_per_cell", count.count_formed_per_cell, "1/cell", "migrasomes ever formed per cell")
    for kind in ("laid", "intact"):
        yield _line(
            f"count.per_100um_{kind}", count.count_per_length, "1/100um",
            f"migrasomes per 100 um of {kind} fibre", fibre=kind,
        )  # fmt: skip
    yield _line(
        "count.formed_per_100um_laid", count.count_formed_per_length, "1/100um",
        "migrasomes ever formed per 100 um of fibre ever laid",
    )  # fmt: skip
    yield _line(
        "count.detached_per_mm2",
        count.count_detached_per_area,
        "1/mm^2",
        "detached migrasomes per mm2 of field",
    )
    yield _line("count.positive_cells", count.measure_positive_cells, "", "share of cells with migrasomes")
    yield _line("attached.share", count.measure_attached_share, "", "share of migrasomes connected to their cell")
    yield _line(
        "dispersion.variance_to_mean",
        count.measure_variance_to_mean,
        "",
        "variance over mean of counts per cell",
    )
    yield _line("dispersion.k", count.measure_shape, "", "negative-binomial k of counts per cell")
    yield _line("dispersion.inverse_k", count.measure_inverse_shape, "", "1/k; 0 for Poisson counts")
    yield _line("dispersion.zeros", count.measure_zero_cells, "", "share of cells without migrasomes")
    yield _line("dispersion.max_to_mean", count.measure_maximum_to_mean, "", "largest count per cell over mean")


def _fibres() -> Iterator[Observable]:
    for kind in ("laid", "intact"):
        yield _line(
            f"fibre.length_{kind}",
            fibre.measure_fibre_length,
            "um/cell",
            f"{kind} fibre per cell",
            fibre=kind,
        )
    yield _line("fibre.spacing", fibre.measure_fibre_spacing, "um", "mean distance of parallel fibres")
    for kind in ("junction", "tip"):
        yield _line(
            f"{kind}.per_100um",
            fibre.measure_node_density,
            "1/100um",
            f"{kind}s per 100 um of fibre",
            kind=kind,
        )
    yield _line("junction.per_tip", fibre.measure_junction_tip_ratio, "", "junctions over tips")
    for place in fibre.PLACES:
        yield _line(f"place.{place}", fibre.measure_place_share, "", f"share of migrasomes at {place}", place=place)
    for limiter in ("volume", "area", "shape"):
        yield _line(
            f"limiter.{limiter}",
            fibre.measure_limiter_share,
            "",
            f"share limited by {limiter}",
            limiter=limiter,
        )


def _sizes() -> Iterator[Observable]:
    wanted = {
        "mean": ("um", {}), "sd": ("um", {}), "median": ("um", {}),
        "share_below": ("", {"cutoff_um": 0.5}), "share_above": ("", {"cutoff_um": 2.0}),
    }  # fmt: skip
    for observer, words in OBSERVERS.items():
        for statistic, (unit, more) in wanted.items():
            at = f" {more['cutoff_um']:g} um" if more else ""
            yield _line(
                f"diameter.{statistic}{'' if observer == 'true' else '@' + observer}", size.measure_diameter,
                unit, f"diameter, {statistic}{at}; {words}", statistic=statistic, observer=observer, **more,
            )  # fmt: skip
    yield _line("enrichment.mean", size.measure_enrichment, "", "tetraspanin per area relative to the fibre")
    for age in growth.AGES_MIN:
        yield _line(
            f"growth.diameter_{age}min", growth.measure_growth, "um",
            f"mean diameter {age} min after appearance", age_min=age,
        )  # fmt: skip
    yield _line(
        "growth.area_exponent", growth.measure_area_exponent, "", "exponent of gained membrane area against age"
    )
    for statistic in lifetime.STATISTICS:
        yield _line(
            f"lifetime.{statistic}", lifetime.measure_lifetime, "min",
            f"{statistic.replace('_', ' ')} time from appearance to disappearance", statistic=statistic,
        )  # fmt: skip


def _places() -> Iterator[Observable]:
    yield _line(
        "spacing.variance_ratio", spacing.measure_spacing_spread, "",
        "variance over mean squared of gaps between migrasomes along a fibre; Poisson = 1",
    )  # fmt: skip
    yield _line("rear.median_distance", trail.measure_rear_distance, "um", "median distance from the rear")
    yield _line("rear.share_within_15um", trail.measure_near_share, "", "share within 15 um of the rear")
    yield _line(
        "rear.share_within_15um@moving", trail.measure_near_share, "",
        "share within 15 um of the rear of cells that came at least as far in the last 30 min", moving=True,
    )  # fmt: skip
    for low, high in trail.BINS_UM:
        name, bin_um = trail.bin_name(low, high), {"low_um": low, "high_um": high}
        yield _line(f"trail.count_{name}", trail.measure_bin_count, "1/cell", f"migrasomes {name} behind", **bin_um)
        yield _line(f"trail.age_{name}", trail.measure_bin_age, "min", f"mean age {name} behind", **bin_um)
        yield _line(
            f"trail.attached_{name}",
            trail.measure_bin_attached,
            "",
            f"attached share {name} behind",
            **bin_um,
        )
    yield _line("path.count_correlation", trail.measure_path_correlation, "", "Spearman of count and path over cells")
    yield _line(
        "path.count_correlation@5h", trail.measure_path_correlation, "",
        "Spearman of count and path of the last 5 h over cells", last_min=300.0,
    )  # fmt: skip


def _ageing() -> Iterator[Observable]:
    for low, high in ageing.AGE_BINS_MIN:
        yield _line(
            f"break.rate_{low:g}-{high:g}min", ageing.measure_break_rate, "1/um/min",
            f"new breaks per um and min of fibres {low:g} to {high:g} min old", low_min=low, high_min=high,
        )  # fmt: skip
    yield _line("break.far_first", ageing.measure_far_first, "", "distance behind the rear, broken over intact fibre")
    yield _line("trail.attached_decline", ageing.measure_attached_decline, "", "attached share far over near the rear")


def _cells() -> Iterator[Observable]:
    yield _line("speed.mean", motility.measure_speed, "um/min", "path over time, mean over cells")
    yield _line("speed.walk", motility.measure_walk, "um/min", "root mean square speed from the MSD", what="speed")
    yield _line("persistence.walk", motility.measure_walk, "min", "persistence time from the MSD", what="persistence")
    yield _line("cells.moving_share", motility.measure_moving_share, "", "share of cells that move")
    yield _line("cells.alignment", motility.measure_alignment, "", "length of the mean heading")


def _signals() -> Iterator[Observable]:
    yield _line("cargo.rna_positive_share", cargo.measure_rna_share, "", "share of migrasomes that hold RNA")
    for kind in cargo.KINDS:
        yield _line(
            f"cargo.{kind}_mean", cargo.measure_content, "1/migrasome",
            f"mean number of {kind.replace('_', ' ')} in a migrasome", kind=kind,
        )  # fmt: skip
    yield _line(
        "mitochondria.potential", mitochondria.measure_potential, "", "membrane potential in cells, of a healthy one"
    )
    yield _line("mitochondria.damaged_share", mitochondria.measure_damaged_share, "", "damaged share in cells")
    yield _line(
        "mitochondria.peripheral_damaged", mitochondria.measure_peripheral_damaged, "1/cell",
        "damaged mitochondria at the periphery",
    )  # fmt: skip
    for which in mitochondria.WHICH:
        yield _line(
            f"mitochondria.exported_per_cell{'' if which == 'all' else '@' + which}", mitochondria.measure_export,
            "1/cell", f"mitochondria that left in migrasomes, {which}", which=which,
        )  # fmt: skip
    yield _line(
        "mitochondria.export_share", mitochondria.measure_export_share, "",
        "share of export in the removal of damaged mitochondria",
    )  # fmt: skip
    yield _line(
        "mitochondria.selectivity", mitochondria.measure_selectivity, "",
        "potential of exported over that of retained mitochondria",
    )  # fmt: skip
    for what, (_, unit, words) in signal.ARRIVALS.items():
        yield _line(f"signal.{what}", signal.measure_arrival, unit, f"{words}, mean", what=what)
        yield _line(
            f"signal.{what}@share", signal.measure_arrival, "", f"share of cells with any {words}", what=what,
            share=True,
        )  # fmt: skip
    yield _line(
        "mitochondria.positive_share", mitochondria.measure_positive_share, "",
        "share of migrasomes that hold a mitochondrion",
    )  # fmt: skip


OBSERVABLES: dict[str, Observable] = {
    line.id: line for family in (_counts, _fibres, _sizes, _places, _ageing, _cells, _signals) for line in family()
}
