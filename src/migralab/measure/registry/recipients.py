"""Lines of the registry: what others do about migrasomes."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.recipients import (
    attraction,
    cluster,
    condition,
    fusion,
    guidance,
    pathway,
    proliferation,
    site,
    tissue,
    uptake,
)
from migralab.measure.registry.observable import Observable, line


def list_attraction() -> Iterator[Observable]:
    """Yield attraction to migrasomes, to a point, along an axis."""
    for what, words in (("index", "way gained over path"), ("bias", "mean cosine of steps")):
        yield line(
            f"attraction.{what}", attraction.measure_attraction, "",
            f"{words} towards the nearest migrasome of others, less that towards shifted ones", what=what,
        )  # fmt: skip
        yield line(
            f"attraction.{what}@raw", attraction.measure_attraction, "",
            f"{words} towards the nearest migrasome of others", what=what, null=False,
        )  # fmt: skip
        yield line(
            f"attraction.{what}@point", attraction.measure_attraction_to_point, "", f"{words} towards a point",
            what=what,
        )  # fmt: skip
        yield line(f"forward.{what}", attraction.measure_forward, "", f"{words} along an axis", what=what)


def list_guidance() -> Iterator[Observable]:
    """Yield turns towards trails and steps along them."""
    for to in ("migrasome", "fibre"):
        yield line(
            f"turning.to_{to}", guidance.measure_turn, "deg", f"mean turn to the side of the nearest {to} of others",
            to=to,
        )  # fmt: skip
    yield line(
        "alignment.to_fibre", guidance.measure_alignment_to_fibre, "",
        "alignment of steps with fibres of others: 1 along, 0 at random, -1 across",
    )  # fmt: skip


def list_sites() -> Iterator[Observable]:
    """Yield density at a site and time to it."""
    yield line("site.density", site.measure_density, "1/mm^2", "cells per mm2 within 50 um of a point")
    yield line(
        "site.pair_correlation", site.measure_pair_correlation, "",
        "cells within 20 um of migrasomes of others over chance",
    )  # fmt: skip
    yield line(
        "site.time_median", site.measure_time_to_site, "min",
        "median time until a cell is first within 20 um of a migrasome of others, or of a point", what="median",
    )  # fmt: skip
    yield line(
        "site.share_come", site.measure_time_to_site, "",
        "share of cells that have come within 20 um of a migrasome of others, or of a point", what="share",
    )  # fmt: skip


def list_clusters() -> Iterator[Observable]:
    """Yield how cells gather, and what they form."""
    yield line("cluster.dispersion", cluster.measure_dispersion, "um", "mean distance of cells from their centroid")
    yield line(
        "cluster.radius", cluster.measure_dispersion, "um", "root mean square distance of cells from their centroid",
        what="rms",
    )  # fmt: skip
    yield line("cluster.share", cluster.measure_share, "", "share of cells in the largest cluster")
    yield line(
        "cluster.normal", cluster.measure_normal, "", "1 if the largest cluster holds 0.8 of the cells: share of dishes"
    )
    yield line("lumen.area", cluster.measure_lumen, "um^2", "area of the vesicle that the largest cluster forms")
    yield line("lumen.defect", cluster.measure_defect, "", "chance of a defect that follows from the vesicle")
    yield line("site.near_share", cluster.measure_near_share, "", "share of migrasomes within 100 um of a cell")


def list_uptake() -> Iterator[Observable]:
    """Yield association, uptake and delivery."""
    for how, words in uptake.ASSOCIATIONS.items():
        yield line(
            f"association.{how}", uptake.measure_association, "",
            f"share of cells that {words} a migrasome of others", how=how,
        )  # fmt: skip
    yield line(
        "uptake.per_cell_hour", uptake.measure_rate, "1/cell/h", "migrasomes of others taken up per cell and hour"
    )
    for what, words in uptake.DELIVERED.items():
        yield line(
            f"delivery.{what}_per_cell_hour", uptake.measure_rate, "1/cell/h", f"{words} delivered per cell and hour",
            column=f"delivered_{what}",
        )  # fmt: skip


def list_conditions() -> Iterator[Observable]:
    """Yield clots, permeability and loss."""
    for what, (_, unit, words) in condition.CONDITIONS.items():
        yield line(f"{what}.mean", condition.measure_condition, unit, f"{words}, mean", what=what)
    yield line("clot.share", condition.measure_condition, "", "share of cells with any clot", what="clot", share=True)
    yield line("cells.lost_share", condition.measure_loss, "", "share of the cells of the start that are gone")


def list_pathways() -> Iterator[Observable]:
    """Yield what the networks inside the cells show."""
    yield line("pathway.level", pathway.measure_level, "", "level of a quantity of a pathway, mean over cells")
    yield line("pathway.share", pathway.measure_share, "", "share of cells with a quantity of a pathway above a level")
    yield line(
        "pathway.crossing", pathway.measure_crossing, "min", "when the mean of a quantity of a pathway crosses a level"
    )
    yield line(
        "pathway.hysteresis", pathway.measure_hysteresis, "",
        "a quantity of a pathway while another rises less the same while it falls, at equal values of the other",
    )  # fmt: skip
    yield line("proliferation.fold", proliferation.measure_fold, "", "cells now over cells at the start")


def list_tissue() -> Iterator[Observable]:
    """Yield what a piece of tissue holds: cells and sprouts per area."""
    yield line("cells.per_mm2", tissue.count_cells_per_area, "1/mm^2", "cells per mm2 of field")
    yield line("sprout.per_mm2", tissue.count_sprouts_per_area, "1/mm^2", "sprouts per mm2 of field")
    yield line("sprout.length_per_mm2", tissue.measure_sprout_length, "mm/mm^2", "length of sprouts per mm2 of field")
    yield line("fusion.index", fusion.measure_index, "", "nuclei in cells of more than three, over all nuclei")
    yield line("fusion.joined", fusion.measure_joined, "", "share of cells that have gone into another one")
