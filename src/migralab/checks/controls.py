"""Controls of an image analysis: scenes without a migrasome, lit as a real image was, analysed with its settings.

Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError, UnknownIdError
from migralab.imaging.experiment.controls import (
    FalseFinds,
    Light,
    as_micrograph,
    count_false_finds,
    draw_matched_noise,
    measure_light,
)
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.microscope.bench import bench_scene
from migralab.microscope.body import CellBody
from migralab.microscope.presets import Microscope, find_stains
from migralab.microscope.render import render
from migralab.microscope.specimen import Scene, Tubes, Vesicles, choose, dots_of, join, lines_of, no_tubes

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
CONTROLS = ("noise", "fibres", "endosomes", "debris", "puncta", "filopodia", "nanotubes")
_BENCH_PX = 10  # pixels of the bench a um
_FILOPODIA = 30  # of a cell (E)
_FILOPODIUM_UM = (2.0, 8.0)  # E: usual lengths
_FILOPODIUM_TIP_UM, _FILOPODIUM_TIP = 0.2, 3.0  # E: tip complexes are bright and smaller than the blur
_NANOTUBES = 3
_NANOTUBE_UM = 25.0  # E
_NANOTUBE_HEIGHT_UM = 1.5  # E: they hang free between cells
_SEED_STEP = 1009


def run_controls(
    micrograph: MicrographLike,
    settings: AnalysisSettings | None = None,
    *,
    controls: Sequence[str] = CONTROLS,
    images: int = 4,
    side_um: float = 51.2,
    stain: str = "WGA",
    seed: int = 0,
) -> list[FalseFinds]:
    """Find out what the settings call a migrasome where there is none, in the light of a real image.

    Parameters
    ----------
    micrograph
        The image whose noise, blur, pixel and fibre brightness are matched.
    settings
        Of its analysis; the defaults where omitted.
    controls
        Some of `CONTROLS`. ``noise`` is empty; ``fibres`` has cells and fibres and nothing else; the others add
        one kind of look-alike each (``endosomes`` to cells, ``debris`` and ``puncta`` to fibres, ``filopodia`` and
        ``nanotubes`` to cells without fibres).
    images, side_um
        Pictures of each control and their side, um.
    stain
        Channel of the virtual microscope whose contrasts are drawn.
    seed
        Of specimens and noise.

    Raises
    ------
    UnknownIdError
        If there is no such control.
    RequestError
        If the image shows too little fibre to tell how bright one is.
    """
    chosen = settings or AnalysisSettings()
    for name in controls:
        if name not in CONTROLS:
            raise UnknownIdError("control", name, CONTROLS)
    light = measure_light(micrograph, chosen)
    plain = replace(chosen, channel=0)  # the pictures have one channel
    return [
        control_finds(name, light, plain, images=images, side_um=side_um, stain=stain, seed=seed) for name in controls
    ]


def control_finds(
    control: str,
    light: Light,
    settings: AnalysisSettings,
    *,
    images: int = 4,
    side_um: float = 51.2,
    stain: str = "WGA",
    seed: int = 0,
) -> FalseFinds:
    """Draw one control in a given light and count what the settings find; see `run_controls`."""
    seeds = [seed + _SEED_STEP * number for number in range(images)]
    if control == "noise":
        side = round(side_um / light.pixel_um)
        return count_false_finds(control, [draw_matched_noise(light, (side, side), seed=s) for s in seeds], settings)
    optics = match_microscope(light, stain=stain)
    scenes = [draw_control(control, side_um=side_um, seed=s) for s in seeds]
    pictures = [
        as_micrograph(
            render(scene, optics, key=s, channels=(stain,)).pixels[0].astype(np.float32), light.pixel_um,
            source=f"{control} {s}",
        )
        for scene, s in zip(scenes, seeds, strict=True)
    ]  # fmt: skip
    drawn = sum(_length_within(scene) for scene in scenes)
    return count_false_finds(control, pictures, settings, structure_um=drawn or None)


def tabulate_controls(found: Sequence[FalseFinds]) -> pd.DataFrame:
    """Return one row per control, rates with their intervals."""
    import pandas as pd

    rows = []
    for one in found:
        row = {
            name: getattr(one, name) for name in ("control", "images", "area_um2", "finds", "called_free", "traced_um")
        }
        for name in ("per_1000_um2", "per_100_um"):
            rate = getattr(one, name)
            ends = dataclasses.asdict(rate) if rate else dict.fromkeys(("value", "low", "high"), math.nan)
            row |= {name: ends["value"], f"{name}_low": ends["low"], f"{name}_high": ends["high"]}
        rows.append(row)
    return pd.DataFrame(rows)


def match_microscope(light: Light, *, stain: str = "WGA") -> Microscope:
    """Return a microscope whose pictures have the noise, the blur and the fibre brightness of a real image.

    Raises
    ------
    RequestError
        If the brightness of fibres is not known.
    """
    if not light.fibre_peak > 0:
        raise RequestError(
            "The image shows too little fibre to tell how bright one is, so controls with structures cannot be lit "
            "alike. Use the control 'noise' alone, or measure the light in an image with fibres."
        )
    # grey levels of a real image may be fractions; the camera rounds to whole ones
    scale = max(1.0, 4.0 / light.read_sd) if light.grey_step < 0.5 else 1.0
    spread, ground = light.read_sd * scale, light.background * scale
    gain = max(light.gain * scale, 0.05 * spread)
    variance = (spread / gain) ** 2  # of empty ground, photons: counted light as far as the background allows
    background = min(variance, max(ground, 0.0) / gain)
    width = math.hypot(light.psf_um, light.pixel_um / math.sqrt(12))
    tube = find_stains((stain,))[0]
    membrane = 2 * math.pi * _bench_radius() * tube.level
    per_pixel = membrane * light.pixel_um**2 / (math.sqrt(2 * math.pi) * width)
    return Microscope(
        name="matched", source="noise, blur and fibre brightness of the image that is controlled",
        pixel_um=light.pixel_um, psf_um=light.psf_um,
        photons_per_um2=light.fibre_peak * scale / gain / per_pixel, background=background,
        read_noise=math.sqrt(max(variance - background, 0.0)), gain=gain, offset=max(ground - gain * background, 0.0),
    )  # fmt: skip


def _bench_radius() -> float:
    from migralab.microscope.bench.recipe import BenchRecipe

    return BenchRecipe().tube_um / 2


def draw_control(control: str, *, side_um: float, seed: int) -> Scene:
    """Return a specimen of cells, fibres and one kind of look-alike, without any migrasome."""
    scene, _ = bench_scene(seed, size_px=round(side_um * _BENCH_PX))
    vesicles = scene.vesicles
    bare = tuple(replace(cell, spots=np.empty((0, 4)), flanks=np.empty((0, 4))) for cell in scene.cells)
    empty = replace(
        scene, cells=bare, vesicles=choose(vesicles, np.zeros(len(vesicles.diameter), bool)),
        dots=choose(scene.dots, np.zeros(len(scene.dots.diameter), bool)),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    if control == "endosomes":
        return replace(empty, cells=scene.cells, tubes=no_tubes())
    if control == "debris":
        return replace(empty, vesicles=_others(vesicles))
    if control == "puncta":
        return replace(empty, dots=scene.dots)
    if control == "filopodia":
        ends = np.concatenate([_filopodia(cell, rng) for cell in bare])
        tips = dots_of(ends[:, 2:], np.full(len(ends), _FILOPODIUM_TIP_UM), kind="punctum", brightness=_FILOPODIUM_TIP)
        return replace(empty, tubes=lines_of(ends, kind="filopodium"), dots=tips)
    if control == "nanotubes":
        return replace(empty, tubes=_nanotubes(bare, rng))
    return empty


def _others(vesicles: Vesicles) -> Vesicles:
    return choose(vesicles, vesicles.kind != "migrasome")


def _filopodia(cell: CellBody, rng: np.random.Generator) -> Floats:
    """Return straight outward spikes (n, 4) from the outline."""
    start = cell.outline[rng.integers(0, len(cell.outline), _FILOPODIA)]
    outward = start - cell.outline.mean(axis=0)
    angle = np.arctan2(outward[:, 1], outward[:, 0]) + rng.normal(0, 0.3, len(start))
    length = rng.uniform(*_FILOPODIUM_UM, len(start))
    return np.hstack([start, start + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)])


def _nanotubes(cells: tuple[CellBody, ...], rng: np.random.Generator) -> Tubes:
    """Return straight tubes that leave each cell above the ground; they end beyond the field or in the free."""
    parts = []
    for cell in cells:
        start = cell.outline[rng.integers(0, len(cell.outline), _NANOTUBES)]
        outward = start - cell.outline.mean(axis=0)
        way = outward / np.maximum(np.hypot(*outward.T), 1e-9)[:, None]
        length = rng.uniform(0.6, 1.4, _NANOTUBES)[:, None] * _NANOTUBE_UM
        tubes = lines_of(np.hstack([start, start + length * way]), kind="nanotube")
        parts.append(replace(tubes, z_um=np.full(_NANOTUBES, _NANOTUBE_HEIGHT_UM)))
    return join(*parts) if parts else no_tubes()


def _length_within(scene: Scene) -> float:
    """Return the length of tubes in the field, in steps of 0.05 um."""
    x0, y0, x1, y1 = scene.field
    total = 0.0
    for a, b, c, d in scene.tubes.ends:
        length = math.hypot(c - a, d - b)
        along = (np.arange(max(1, math.ceil(length / 0.05))) + 0.5) / max(1, math.ceil(length / 0.05))
        x, y = a + along * (c - a), b + along * (d - b)
        total += length * float(((x > x0) & (x < x1) & (y > y0) & (y < y1)).mean())
    return total
