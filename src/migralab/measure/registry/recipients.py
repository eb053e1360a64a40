"""Lines of the registry: what others do about migrasomes."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.recipients import attraction, guidance, pathway, proliferation, site, uptake
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
