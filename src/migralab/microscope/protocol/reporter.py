"""What a label does to the cells that carry it: over-expressed TSPAN4-GFP, and WGA that cells take up.

The sources give directions, hardly any numbers: over-expression of tetraspanins helps migrasomes to form, TSPAN4
among the strongest (a review, S), neural crest cells make them without any (S), and WGA is endocytosed within an
hour (F). Every number here is an estimate (E) and an option; none is applied unless asked for. To let reporter and
biology meet, change the dish (arm `tspan4-over` of `migrasome-formation`), not its picture.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from migralab.core.errors import RequestError
from migralab.core.random import stream_key, uniform_pair_array
from migralab.microscope.presets import Stain
from migralab.microscope.specimen import Scene, choose

UPTAKE_MIN = 60.0  # F: "WGA is endocytosed within 1 h" (evidence/measurement.md A2), read as a time constant (E)
_GAIN = 4.0  # E: endosomes that hold all the body's WGA are five times as bright as at the start


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Load of a label; the values by default change nothing.

    Parameters
    ----------
    enrichment
        Factor on the tetraspanin density of migrasomes.
    background
        Factor on the tetraspanin density of everything else relative to the usual: the tail of bright cells.
    fewer
        Share of migrasomes that would not have formed without the label: they are left out of the scene. With
        it a scene of a labelled dish shows what an unlabelled one would have.
    wga_min
        Minutes since the medium with WGA was replaced: endosomes gain what the body has lost.
    """

    enrichment: float = 1.0
    background: float = 1.0
    fewer: float = 0.0
    wga_min: float = 0.0

    def __post_init__(self) -> None:
        if not (self.enrichment > 0 and self.background > 0 and 0 <= self.fewer < 1 and self.wga_min >= 0):
            raise RequestError(
                f"reporter: enrichment = {self.enrichment} and background = {self.background} must be greater than "
                f"0, fewer = {self.fewer} from 0 to < 1, wga_min = {self.wga_min} not negative."
            )


def loaded_scene(scene: Scene, reporter: Reporter, *, key: int) -> Scene:
    """Return the scene of a dish that carries the label; which migrasomes are left out is keyed by their id."""
    seen = scene.vesicles
    own = seen.kind == "migrasome"
    chance, _ = uniform_pair_array(
        stream_key("microscope/reporter"), seen.migrasome_id.astype(np.uint64), key % 2**32, 0
    )
    kept = choose(seen, ~own | (chance >= reporter.fewer))
    factor = np.where(kept.kind == "migrasome", reporter.enrichment, 1.0)
    return dataclasses.replace(scene, vesicles=dataclasses.replace(kept, enrichment=kept.enrichment * factor))


def loaded_stain(stain: Stain, reporter: Reporter) -> Stain:
    """Return the stain as the loaded cells show it: brighter bodies (TSPAN4), or label taken up (WGA)."""
    if stain.vesicle == "tetraspanin":
        more = reporter.background
        return dataclasses.replace(stain, body=stain.body * more, tube=stain.tube * more, spots=stain.spots * more)
    if stain.name != "WGA":
        return stain
    outside = float(np.exp(-reporter.wga_min / UPTAKE_MIN))
    return dataclasses.replace(stain, body=stain.body * outside, spots=stain.spots * (1 + _GAIN * (1 - outside)))
