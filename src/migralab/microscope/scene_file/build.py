"""From a scene file to scenes, a microscope and a series; the same file gives the same pixels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from migralab.microscope.body import CellBody, CellPose, draw_cell, polygon_area
from migralab.microscope.image_run import ImagedDish, image_scenes
from migralab.microscope.light.camera import generator_for
from migralab.microscope.light.slice import random_cut
from migralab.microscope.presets import Microscope, find_microscope, with_bits, with_objective
from migralab.microscope.protocol.frap import Frap
from migralab.microscope.protocol.protocol import Protocol, stack_heights
from migralab.microscope.protocol.reporter import Reporter
from migralab.microscope.psf import Objective
from migralab.microscope.scene_file.check import read_scene_document
from migralab.microscope.scene_file.document import (
    CellPart,
    FibrePart,
    MicroscopePart,
    MigrasomePart,
    SceneDocument,
)
from migralab.microscope.scene_file.scatter import strew
from migralab.microscope.specimen import Dots, Scene, Tubes, Vesicles, dots_of, join, lines_of, spheres_of

Floats = NDArray[np.float64]

_SMALLEST_UM = 0.05  # a migrasome that has just begun to grow is not there yet
_JUNCTION_UM = 0.3  # another fibre that ends this near makes a place a junction
# TSPAN4 on migrasomes reads 4 to 40 times the fibre (a review, S); half of that is the geometry of a shell against
# a thin tube (docs/theory/microscope.md), so the density is 2 to 20 times: taken as 95 % of a log-normal (E)
ENRICHMENT_MEDIAN, ENRICHMENT_SPREAD = math.sqrt(2 * 20), math.log(10) / (2 * 1.96)
_LUMEN_SPREAD = 0.5  # E, as for simulated dishes
RNA_SHARE = 0.30  # F: 30 % of migrasomes contain RNA (Zhao 2019)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSetup:
    """All that a scene file says.

    Parameters
    ----------
    scenes
        One per frame.
    microscope, channels, protocol, seed, title
        How they are imaged.
    """

    scenes: tuple[Scene, ...]
    microscope: Microscope
    channels: tuple[str, ...]
    protocol: Protocol
    seed: int
    title: str


def scene_from_file(path: str | Path) -> SceneSetup:
    """Read a scene file and build its scenes.

    Raises
    ------
    SpecError
        If the file is wrong: every problem with its line, in one message.
    RequestError
        If the microscope or the cut is not possible.
    """
    document = read_scene_document(path)
    times = _times(document)
    still = _Still(document)
    scenes = [still.at(number, time) for number, time in enumerate(times)]
    if document.cut_block_um is not None:
        scenes = [random_cut(scene, key=document.seed, block_um=document.cut_block_um) for scene in scenes]
    return SceneSetup(
        scenes=tuple(scenes),
        microscope=_microscope(document.microscope),
        channels=tuple(document.channels),
        protocol=_protocol(document),
        seed=document.seed,
        title=document.title,
    )


def image_scene_file(path: str | Path) -> ImagedDish:
    """Return the micrographs that a scene file describes, ready for `write_micrographs`."""
    setup = scene_from_file(path)
    return image_scenes(
        setup.scenes,
        channels=setup.channels,
        preset=setup.microscope,
        seed=setup.seed,
        protocol=setup.protocol,
        labels=(setup.title, "", False),
    )


def _times(document: SceneDocument) -> list[float]:
    series = document.series
    step = series.interval_min or (series.interval_s or 0.0) / 60
    return [number * step for number in range(series.frames)]


def _microscope(part: MicroscopePart) -> Microscope:
    scope = find_microscope(part.preset)
    if part.objective is not None:
        scope = with_objective(scope, Objective(**part.objective.model_dump()))
    changes: dict[str, Any] = {
        name: value
        for name in (
            "psf_um",
            "section_um",
            "pixel_um",
            "photons_per_um2",
            "background",
            "haze",
            "haze_um",
            "read_noise",
        )
        if (value := getattr(part, name)) is not None
    }
    if changes:
        changes["source"] = f"{', '.join(changes)} from the scene file; the rest: {scope.source}"
    scope = dataclasses.replace(scope, **changes)
    return scope if part.bits is None else with_bits(scope, part.bits, part.brightest)


def _protocol(document: SceneDocument) -> Protocol:
    series = document.series
    return Protocol(
        heights_um=stack_heights(series.stack.planes, series.stack.step_um) if series.stack else (),
        focus_um=series.focus_um,
        bleaching=dict(series.bleaching),
        drift_um=series.drift_um,
        jitter_um=series.jitter_um,
        frap=Frap(**series.frap.model_dump()) if series.frap else None,
        reporter=Reporter(**document.reporter.model_dump()) if document.reporter else None,
    )


class _Still:
    """What does not change over a series, built once; and the scene at any time."""

    def __init__(self, document: SceneDocument) -> None:
        self.document = document
        self.cells = tuple(_cell(part, document.seed) for part in document.cells)
        self.tubes = join(lines_of(np.empty((0, 4))), *(_tubes(n, part) for n, part in enumerate(document.fibres)))
        self.strewn = strew(document.scatter, document.field_um, self.cells, self.tubes, key=document.seed)
        self.migrasomes = _migrasomes(document)

    def at(self, frame: int, time: float) -> Scene:
        """Return the scene of a frame."""
        document = self.document
        dots = [_dots(document, time), self.strewn[0]]
        vesicles = [self._grown(time), _others(document, time), self.strewn[1]]
        return Scene(
            field=document.field_um,
            frame=frame,
            time_min=time,
            cells=self.cells,
            tubes=self.tubes,
            vesicles=join(*vesicles),
            dots=join(*dots),
            beading=document.beading,
        )

    def _grown(self, time: float) -> Vesicles:
        """Migrasomes that are there, at their size: ``d(t) = d (1 - exp(-(t - born)/growth))``."""
        parts = self.document.migrasomes
        size = np.array([_size(part, time) for part in parts], np.float64)
        attached = np.array([part.detached_min is None or time < part.detached_min for part in parts], bool)
        now = dataclasses.replace(self.migrasomes, diameter=size, attached=attached)
        columns = {column.name: getattr(now, column.name)[size >= _SMALLEST_UM] for column in dataclasses.fields(now)}
        return Vesicles(**columns)


def _there(part: Any, time: float) -> bool:
    born, gone = part.born_min, part.gone_min
    return (born is None or time >= born) and (gone is None or time < gone)


def _size(part: MigrasomePart, time: float) -> float:
    if not _there(part, time):
        return 0.0
    if part.growth_min is None:
        return part.diameter_um
    return part.diameter_um * (1 - math.exp(-(time - (part.born_min or 0.0)) / part.growth_min))


def _cell(part: CellPart, look: int) -> CellBody:
    if part.outline is None:
        unknown = np.full(2, np.nan)
        angle = math.radians(part.heading_deg)
        pose = CellPose(
            cell_id=part.id,
            centre=np.array([part.x_um, part.y_um], np.float64),
            heading=np.array([math.cos(angle), math.sin(angle)]),
            rear=unknown,
            rear_width=math.nan,
            area=part.area_um2,
        )
        return draw_cell(pose, look=look, flank_fibres_per_um=0.0)
    outline = np.array(part.outline, np.float64)
    x, y = (float(value) for value in outline.mean(axis=0))
    area = polygon_area(outline)
    return CellBody(
        cell_id=part.id, x_um=x, y_um=y, area_um2=area, outline=outline, spots=np.empty((0, 4)),
        nucleus=(x, y, 0.2 * math.sqrt(area)), flanks=np.empty((0, 4)),
    )  # fmt: skip


def _tubes(number: int, part: FibrePart) -> Tubes:
    points = np.array(part.points, np.float64)
    ends = np.hstack([points[:-1], points[1:]])
    kind = "laid" if part.kind == "fibre" else part.kind
    tubes = lines_of(ends, kind=kind, cell_id=part.cell, radius=part.radius_um, brightness=part.brightness)
    rows = len(ends)
    return dataclasses.replace(tubes, node_id=np.full(rows, number), z_um=np.full(rows, part.z_um))


def _migrasomes(document: SceneDocument) -> Vesicles:
    parts = document.migrasomes
    drawn = _drawn(len(parts), document.seed)
    places = [_place(part, document.fibres) for part in parts]
    return dataclasses.replace(
        spheres_of(np.array([place[:2] for place in places], np.float64), np.ones(len(parts))),
        cell_id=np.array([place[2] for place in places], np.int64),
        node_id=np.array([place[3] for place in places], np.int64),
        attachment=np.array([place[4] for place in places], "<U8"),
        density=np.array([part.density for part in parts], np.float64),
        z_um=np.array([part.z_um for part in parts], np.float64),
        enrichment=_given([part.enrichment for part in parts], drawn["enrichment"]),
        lumen=_given([part.lumen for part in parts], drawn["lumen"]),
        rna=_given([part.rna for part in parts], drawn["rna"]),
    )


def _drawn(count: int, seed: int) -> dict[str, Floats]:
    """Draw what a file leaves open of each migrasome; the draws of one do not depend on how many follow."""
    draw = generator_for(seed, "scene-file/migrasomes")
    normal = draw.normal(0, 1, (count, 3))
    return {
        "enrichment": ENRICHMENT_MEDIAN * np.exp(ENRICHMENT_SPREAD * normal[:, 0]),
        "lumen": np.exp(_LUMEN_SPREAD * normal[:, 1]),
        "rna": (ndtr(normal[:, 2]) < RNA_SHARE).astype(np.float64),
    }


def _given(values: Sequence[float | None], drawn: Floats) -> Floats:
    pairs = zip(values, drawn, strict=True)
    return np.array([other if value is None else value for value, other in pairs], np.float64)


def _place(part: MigrasomePart, fibres: Sequence[FibrePart]) -> tuple[float, float, int, int, str]:
    """Place, owner, fibre and attachment of a migrasome."""
    if part.fibre is None:
        return float(part.x_um or 0.0), float(part.y_um or 0.0), -1, -1, "unknown"
    number = next(row for row, fibre in enumerate(fibres) if fibre.id == part.fibre)
    fibre = fibres[number]
    share = {"tip": 0.0, "base": 1.0}.get(str(part.at), part.at)
    points = np.array(fibre.points, np.float64)
    travel = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    x, y = (float(np.interp(float(share) * travel[-1], travel, points[:, axis])) for axis in (0, 1))
    ends = [end for row, other in enumerate(fibres) if row != number for end in (other.points[0], other.points[-1])]
    joined = any(math.hypot(x - ex, y - ey) <= _JUNCTION_UM for ex, ey in ends)
    kind = "junction" if joined else "tip" if share == 0.0 else "shaft"
    return x, y, fibre.cell, number, kind


def _others(document: SceneDocument, time: float) -> Vesicles:
    """Vesicles that are no migrasomes; their ids go on from those of the migrasomes."""
    first = len(document.migrasomes)
    sets = [spheres_of(np.empty((0, 2)), np.empty(0), kind="free")]
    for number, part in enumerate(document.vesicles):
        if _there(part, time):
            one = spheres_of(
                np.array([[part.x_um, part.y_um]]), np.array([part.diameter_um]), kind=part.kind, attachment="free"
            )
            sets.append(
                dataclasses.replace(
                    one, migrasome_id=np.array([first + number]), density=np.array([part.density]),
                    lumen=np.array([part.lumen]), z_um=np.array([part.z_um]),
                )
            )  # fmt: skip
    return join(*sets)


def _dots(document: SceneDocument, time: float) -> Dots:
    sets = [dots_of(np.empty((0, 2)), np.empty(0))]
    for part in document.dots:
        if _there(part, time):
            place, size = np.array([[part.x_um, part.y_um]]), np.array([part.diameter_um])
            one = dots_of(place, size, kind=part.kind, brightness=part.brightness)
            sets.append(dataclasses.replace(one, z_um=np.array([part.z_um])))
    return join(*sets)
