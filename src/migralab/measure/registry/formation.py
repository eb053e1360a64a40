"""Lines of the registry: what cells leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.formation import (
    ageing,
    count,
    direction,
    fibre,
    growth,
    lifetime,
    release,
    size,
    spacing,
    trail,
)
from migralab.measure.observer import OBSERVERS
from migralab.measure.registry.observable import Observable, line


def list_counts() -> Iterator[Observable]:
    """Yield counts, and their spread over cells."""
    yield line("count.per_cell", count.count_per_cell, "1/cell", "migrasomes on the ground per cell")
    for which in ("attached", "detached", "stabilised"):
        yield line(
            f"count.per_cell@{which}",
            count.count_per_cell,
            "1/cell",
            f"{which} migrasomes per cell",
            which=which,
        )
    yield line("count.formed_per_cell", count.count_formed_per_cell, "1/cell", "migrasomes ever formed per cell")
    for kind in ("laid", "intact"):
        yield line(
            f"count.per_100um_{kind}", count.count_per_length, "1/100um",
            f"migrasomes per 100 um of {kind} fibre", fibre=kind,
        )  # fmt: skip
    yield line(
        "count.formed_per_100um_laid", count.count_formed_per_length, "1/100um",
        "migrasomes ever formed per 100 um of fibre ever laid",
    )  # fmt: skip
    yield line(
        "count.detached_per_mm2",
        count.count_detached_per_area,
        "1/mm^2",
        "detached migrasomes per mm2 of field",
    )
    yield line("count.positive_cells", count.measure_positive_cells, "", "share of cells with migrasomes")
    yield line("attached.share", count.measure_attached_share, "", "share of migrasomes connected to their cell")
    yield line(
        "dispersion.variance_to_mean",
        count.measure_variance_to_mean,
        "",
        "variance over mean of counts per cell",
    )
    yield line("dispersion.k", count.measure_shape, "", "negative-binomial k of counts per cell")
    yield line("dispersion.inverse_k", count.measure_inverse_shape, "", "1/k; 0 for Poisson counts")
    yield line("dispersion.zeros", count.measure_zero_cells, "", "share of cells without migrasomes")
    yield line("dispersion.max_to_mean", count.measure_maximum_to_mean, "", "largest count per cell over mean")


def list_releases() -> Iterator[Observable]:
    """Yield what was set free, off a fibre or without one."""
    for kind, words in release.KINDS.items():
        name = "release.per_cell" if kind == "all" else f"release.{kind}_per_cell"
        yield line(name, release.measure_release, "1/cell", f"vesicles {words} over cells at the start", kind=kind)


def list_fibres() -> Iterator[Observable]:
    """Yield fibres, their nodes, and where migrasomes sit on them."""
    for kind in ("laid", "intact"):
        yield line(
            f"fibre.length_{kind}",
            fibre.measure_fibre_length,
            "um/cell",
            f"{kind} fibre per cell",
            fibre=kind,
        )
    yield line("fibre.spacing", fibre.measure_fibre_spacing, "um", "mean distance of parallel fibres")
    yield line(
        "fibre.behind_share", direction.measure_behind_share, "", "share of cells with fibres within 60 deg of behind"
    )
    for kind in ("junction", "tip"):
        yield line(
            f"{kind}.per_100um",
            fibre.measure_node_density,
            "1/100um",
            f"{kind}s per 100 um of fibre",
            kind=kind,
        )
    yield line("junction.per_tip", fibre.measure_junction_tip_ratio, "", "junctions over tips")
    for place in fibre.PLACES:
        yield line(f"place.{place}", fibre.measure_place_share, "", f"share of migrasomes at {place}", place=place)
    for limiter in ("volume", "area", "shape"):
        yield line(
            f"limiter.{limiter}",
            fibre.measure_limiter_share,
            "",
            f"share limited by {limiter}",
            limiter=limiter,
        )


def list_sizes() -> Iterator[Observable]:
    """Yield diameters as observers see them, growth and lifetimes."""
    wanted = {
        "mean": ("um", {}), "sd": ("um", {}), "median": ("um", {}),
        "share_below": ("", {"cutoff_um": 0.5}), "share_above": ("", {"cutoff_um": 2.0}),
    }  # fmt: skip
    for observer, words in OBSERVERS.items():
        for statistic, (unit, more) in wanted.items():
            at = f" {more['cutoff_um']:g} um" if more else ""
            yield line(
                f"diameter.{statistic}{'' if observer == 'true' else '@' + observer}", size.measure_diameter,
                unit, f"diameter, {statistic}{at}; {words}", statistic=statistic, observer=observer, **more,
            )  # fmt: skip
    yield line("enrichment.mean", size.measure_enrichment, "", "tetraspanin per area relative to the fibre")
    for age in growth.AGES_MIN:
        yield line(
            f"growth.diameter_{age}min", growth.measure_growth, "um",
            f"mean diameter {age} min after appearance", age_min=age,
        )  # fmt: skip
    yield line("growth.area_exponent", growth.measure_area_exponent, "", "exponent of gained membrane area against age")
    for statistic in lifetime.STATISTICS:
        yield line(
            f"lifetime.{statistic}", lifetime.measure_lifetime, "min",
            f"{statistic.replace('_', ' ')} time from appearance to disappearance", statistic=statistic,
        )  # fmt: skip


def list_places() -> Iterator[Observable]:
    """Yield order along fibre and trail."""
    yield line(
        "spacing.variance_ratio", spacing.measure_spacing_spread, "",
        "variance over mean squared of gaps between migrasomes along a fibre; Poisson = 1",
    )  # fmt: skip
    yield line("rear.median_distance", trail.measure_rear_distance, "um", "median distance from the rear")
    yield line("rear.share_within_15um", trail.measure_near_share, "", "share within 15 um of the rear")
    yield line(
        "rear.share_within_15um@moving", trail.measure_near_share, "",
        "share within 15 um of the rear of cells that came at least as far in the last 30 min", moving=True,
    )  # fmt: skip
    for low, high in trail.BINS_UM:
        name, bin_um = trail.bin_name(low, high), {"low_um": low, "high_um": high}
        yield line(f"trail.count_{name}", trail.measure_bin_count, "1/cell", f"migrasomes {name} behind", **bin_um)
        yield line(f"trail.age_{name}", trail.measure_bin_age, "min", f"mean age {name} behind", **bin_um)
        yield line(
            f"trail.attached_{name}",
            trail.measure_bin_attached,
            "",
            f"attached share {name} behind",
            **bin_um,
        )
    yield line("path.count_correlation", trail.measure_path_correlation, "", "Spearman of count and path over cells")
    yield line(
        "path.count_correlation@5h", trail.measure_path_correlation, "",
        "Spearman of count and path of the last 5 h over cells", last_min=300.0,
    )  # fmt: skip


def list_ageing() -> Iterator[Observable]:
    """Yield what time does to a trail."""
    for low, high in ageing.AGE_BINS_MIN:
        yield line(
            f"break.rate_{low:g}-{high:g}min", ageing.measure_break_rate, "1/um/min",
            f"new breaks per um and min of fibres {low:g} to {high:g} min old", low_min=low, high_min=high,
        )  # fmt: skip
    yield line("break.far_first", ageing.measure_far_first, "", "distance behind the rear, broken over intact fibre")
    yield line("trail.attached_decline", ageing.measure_attached_decline, "", "attached share far over near the rear")
