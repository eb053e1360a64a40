"""One micrograph to Observations: cells, fibres and migrasomes of every frame in the tables of the schema."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.detect.attach import draw_rays, fibres_would_show, reach_out
from migralab.imaging.detect.candidates import find_candidates, without_vesicles
from migralab.imaging.detect.cells import CellBody, find_cell_bodies
from migralab.imaging.detect.connect import RIM_UM, connect, lay_regions
from migralab.imaging.detect.fibres import drop_dark, filter_lines, flatten, shortest_line, thin
from migralab.imaging.detect.migrasomes import find_vesicles
from migralab.imaging.detect.network import Network
from migralab.imaging.detect.scene import Point, Scene, Vesicle, thicken
from migralab.imaging.detect.ways import Ways, find_ways, leaving_angles
from migralab.imaging.reading import Micrograph
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask, Noise, estimate_noise
from migralab.imaging.signal.psf import Blur, measure_psf
from migralab.results.observations import Observations

UNSEEN = "A usual fibre would not be seen here: where no fibre was found, attachment is unknown."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What was found in one frame, in pixels; the tables and the overlay are made from it.

    Parameters
    ----------
    bodies
        Number of the cell (from 1) at each pixel.
    cells, vesicles
        In the order of their ids.
    points
        Spots too small to be sized; they are not counted.
    network, ways
        Fibres, and how each node is connected to a cell.
    psf_um
        Standard deviation of the point spread function that was used, um.
    fibres_show
        Whether a usual fibre at a vesicle would have been seen; if not, a vesicle without one may still have one.
    notes
        What the reader must know.
    """

    bodies: NDArray[np.int32]
    cells: tuple[CellBody, ...]
    vesicles: tuple[Vesicle, ...]
    points: tuple[Point, ...]
    network: Network
    ways: Ways
    psf_um: float
    fibres_show: bool
    notes: tuple[str, ...]


@functools.lru_cache(maxsize=2)  # the overlay asks again for the frame that was just analysed
def trace_frame(micrograph: Micrograph, settings: AnalysisSettings, frame: int) -> Trace:
    """Find cells, vesicles and fibres in one frame."""
    image = micrograph.filled(frame, settings.channel)
    pixel, usable = micrograph.pixel_size_um, ~micrograph.masked
    noise = estimate_noise(image, usable, step=micrograph.grey_step)
    stabilised = noise.stabilise(image)
    bodies, cells = find_cell_bodies(stabilised, usable, pixel, settings)
    flat, away = flatten(stabilised, bodies, pixel, settings.cell_margin_um)
    scene = Scene(
        image=image,
        stabilised=stabilised,
        noise=noise,
        usable=usable & (away > settings.cell_margin_um),
        skeleton=np.zeros(image.shape, bool),
        near_line=np.zeros(image.shape, bool),
        pixel_um=pixel,
        psf_um=settings.psf_sigma_um or max(settings.psf_default_um, 0.5 * pixel),
    )
    candidates = find_candidates(scene, settings) if scene.usable.any() else np.empty((0, 4))
    bare = without_vesicles(scene, flat, candidates)
    lines = filter_lines(bare, usable & (bodies == 0), pixel, settings)
    skeleton = thin(lines.ridge, lines.evidence, shortest_line(pixel, settings)) & (away > RIM_UM)
    skeleton = drop_dark(skeleton, bare, lines.evidence, pixel, settings)
    blur, notes = _find_blur(image, skeleton, lines.direction, noise, pixel, settings)
    near = thicken(skeleton, blur.psf_um, pixel)
    scene = replace(scene, skeleton=skeleton, near_line=near)
    scene = replace(scene, psf_um=blur.psf_um, psf_sd=blur.relative_sd, beading=blur.beading)
    vesicles, points = find_vesicles(scene, candidates, settings) if scene.usable.any() else ((), ())
    regions = lay_regions(bodies, cells, vesicles, psf_um=scene.psf_um, pixel_um=pixel)
    network = connect(skeleton, regions, bodies, usable, pixel, settings)
    show = fibres_would_show(scene, lines, vesicles, settings)
    if not show and vesicles:
        notes = (*notes, UNSEEN)
    if points:
        largest = max(point.diameter_below_um for point in points)
        notes = (*notes, f"{len(points)} spots are too small to be sized (below {largest:.2f} um) and not counted.")
    if rays := reach_out(scene, lines, vesicles, leaving_angles(network, len(vesicles)), settings):
        network = connect(draw_rays(skeleton, rays, vesicles), regions, bodies, usable, pixel, settings)
    return Trace(
        bodies=bodies,
        cells=cells,
        vesicles=vesicles,
        points=points,
        network=network,
        ways=find_ways(network),
        psf_um=blur.psf_um,
        fibres_show=show,
        notes=notes,
    )


def _find_blur(
    image: Image, skeleton: Mask, direction: Image, noise: Noise, pixel: float, settings: AnalysisSettings
) -> tuple[Blur, tuple[str, ...]]:
    """Point spread function as given, as measured on fibres, or as assumed; and what must be said about it."""
    given = settings.psf_sigma_um
    measured = measure_psf(image, skeleton, direction, noise, pixel, given or settings.psf_default_um)
    if given:
        beading = measured.beading if measured else 0.0
        return Blur(psf_um=given, relative_sd=settings.psf_uncertainty, beading=beading), ()
    if measured:
        return measured, ()
    assumed = max(settings.psf_default_um, 0.5 * pixel)
    note = f"Point spread function assumed ({assumed:.2f} um), fibres taken as even: too few of them to measure it."
    return Blur(psf_um=assumed, relative_sd=settings.psf_uncertainty), (note,)


def analyse_micrograph(micrograph: Micrograph, settings: AnalysisSettings | None = None) -> Observations:
    """Find and measure cells, retraction fibres and migrasomes in every frame of a micrograph.

    Parameters
    ----------
    micrograph
        From `read_micrograph`.
    settings
        Thresholds; the defaults where omitted.

    Returns
    -------
    Observations
        Tables ``cells``, ``fibres`` and ``migrasomes`` of all frames, ``nodes`` of the last one.
        Ids are numbered within the movie and name another object in each frame: nothing is tracked here.
    """
    from migralab.imaging.tables import gather, tabulate

    chosen = settings or AnalysisSettings()
    micrograph.check_channel(chosen.channel)
    rows: dict[str, list[dict[str, Any]]] = {"cells": [], "nodes": [], "fibres": [], "migrasomes": []}
    notes = list(micrograph.notes)
    last = micrograph.frames - 1
    for frame in range(last + 1):
        trace = trace_frame(micrograph, chosen, frame)
        found = tabulate(trace, micrograph.pixel_size_um, frame, micrograph.time_min(frame), chosen)
        if frame < last:
            found["nodes"] = []
        for table, more in found.items():
            rows[table].extend(more)
        notes += [f"Frame {frame}: {note}" for note in trace.notes]
    return gather(micrograph, rows, notes)
