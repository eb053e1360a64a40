"""The generator of evidence/imaging.md section 3, drawn with this microscope; the truth comes with the image.

What section 3 leaves open (spreads, curvature, brightness of cells, haze) is our choice (E): see `BenchRecipe`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.core.random import stream_key
from migralab.microscope.bench.layout import lay_out
from migralab.microscope.bench.recipe import BenchRecipe, Layout
from migralab.microscope.bench.truth import Truth, tabulate_truth
from migralab.microscope.presets import STAINS, Microscope
from migralab.microscope.render import expected_photons, expose
from migralab.microscope.specimen import Scene, dots_of, join, lines_of, spheres_of

Floats = NDArray[np.float64]

LEVELS = (1.5, 3.0, 6.0, 15.0, 50.0)
"""Light levels of evidence/imaging.md section 3."""
PEAK_SNR = (1.7, 2.8, 4.4, 7.5, 14.3)
"""Peak signal to noise of the median migrasome at each level, as published there."""
FIBRE_SNR = (0.4, 0.7, 1.3, 2.6, 5.5)
"""Signal to noise of a fibre in one pixel at each level, as published there."""
PIXEL_UM = 0.1
_LEAST_PX = 256
_CHANNEL = "WGA"
# set so that PEAK_SNR and FIBRE_SNR are met (`measure_snr`)
_LIGHT = 113.0  # photons from 1 um2 of fibre membrane at level 1
_LUMEN = 2.0  # light from inside at the median, relative to the usual of the stain


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchImage:
    """Frames of one specimen that does not move, with its truth.

    Parameters
    ----------
    pixels
        Grey levels (frame, channel, y, x), uint16.
    expected
        Mean photons per pixel, background included (y, x).
    microscope
        Instrument that they were taken with.
    scene, truth
        From `bench_scene`.
    """

    pixels: NDArray[np.uint16]
    expected: Floats
    microscope: Microscope
    scene: Scene
    truth: Truth


def bench_microscope(photons: float) -> Microscope:
    """Return the instrument of evidence/imaging.md section 3 at a light level.

    Parameters
    ----------
    photons
        Light level; those of `LEVELS` give the signal to noise of `PEAK_SNR` and `FIBRE_SNR`.

    Raises
    ------
    RequestError
        If the level is not greater than 0.
    """
    if not photons > 0:
        raise RequestError(f"photons = {photons} of a bench image is not greater than 0. Usual: {LEVELS}.")
    return Microscope(
        name="bench",
        source="evidence/imaging.md section 3; haze E",
        pixel_um=PIXEL_UM,
        psf_um=0.12,
        section_um=0.35,
        photons_per_um2=_LIGHT * photons,
        background=5.0,
        read_noise=1.5,
        haze=0.1,
    )


def bench_scene(seed: int, size_px: int = 1024, frames: int = 1) -> tuple[Scene, Truth]:
    """Draw a specimen and its truth.

    Parameters
    ----------
    seed
        The same seed gives the same specimen.
    size_px
        Side of the image, pixels of 0.1 um; what there is per area stays the same, and there is always a cell.
    frames
        Only checked: the specimen is the same in all frames.

    Returns
    -------
    scene
        For `render`.
    truth
        Tables ``migrasomes``, ``fibres``, ``cells`` and ``lookalikes`` with the columns of the truth files.

    Raises
    ------
    RequestError
        If the image is smaller than 256 pixels, or has no frame.
    """
    if size_px < _LEAST_PX or frames < 1:
        raise RequestError(
            f"A bench image of {size_px} pixels and {frames} frames cannot be drawn: "
            f"it needs at least {_LEAST_PX} pixels and 1 frame."
        )
    layout = lay_out(_generator(seed, "specimen"), size_px * PIXEL_UM, BenchRecipe(), look=seed)
    return _scene(layout), tabulate_truth(layout, fill_per_um=_LUMEN * STAINS[_CHANNEL].lumen)


def bench_image(
    seed: int, photons: float, size_px: int = 1024, frames: int = 1, *, beading: float | None = None
) -> BenchImage:
    """Draw a specimen and take frames of it; noise differs between frames, the specimen does not.

    Parameters
    ----------
    seed, size_px
        As in `bench_scene`; the seed also fixes the noise.
    photons
        Light level (`LEVELS`).
    frames
        How many frames.
    beading
        Scatter of light along fibres; None for the usual one, 0 for even fibres.
    """
    scene, truth = bench_scene(seed, size_px, frames)
    if beading is not None:
        scene = dataclasses.replace(scene, beading=beading)
    optics = bench_microscope(photons)
    light = _expected(scene, optics, key=seed)
    planes = [expose(light, optics, _generator(seed, f"noise/{photons:g}/{frame}")) for frame in range(frames)]
    pixels = np.stack(planes)[:, None]
    return BenchImage(pixels=pixels, expected=light, microscope=optics, scene=scene, truth=truth)


def measure_snr(photons: float) -> tuple[float, float]:
    """Return the peak signal to noise of the median migrasome, and that of a fibre per pixel, at a level.

    Signal is mean light above the background, noise ``sqrt(mean light + read noise^2)``. The migrasome
    (1 um, 1.5 times the fibre's density) lies alone; the fibre is straight and its median pixel counts.
    """
    recipe, optics = BenchRecipe(), bench_microscope(photons)
    alone = Layout.empty((0.0, 0.0, 20.0, 20.0))
    vesicle = Layout.objects([(10.0, 5.0, recipe.diameter_median, "shaft")], recipe.density_median, 1.0)
    line = np.array([[2.0, 15.0, 18.0, 15.0]])
    layout = dataclasses.replace(alone, migrasomes=vesicle, pieces=line, owner=np.zeros(1, np.int64))
    light = _expected(_scene(layout), optics, key=0)
    levels = np.array([light[40:60].max(), np.median(light[150, 40:160])])
    peak, fibre = (levels - optics.background) / np.sqrt(levels + optics.read_noise**2)
    return float(peak), float(fibre)


def _expected(scene: Scene, optics: Microscope, *, key: int) -> Floats:
    return np.asarray(expected_photons(scene, optics, key=key, channels=(_CHANNEL,))[0], np.float64)


def _generator(seed: int, name: str) -> np.random.Generator:
    stream = stream_key(f"microscope/bench/{name}")
    return np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, stream], np.uint64)))


def _scene(layout: Layout) -> Scene:
    on, debris = layout.migrasomes, layout.lookalikes.get("debris", Layout.objects([], 1.0, 1.0))
    spheres = [
        dataclasses.replace(
            spheres_of(part.centre, part.diameter, kind=kind, attachment=part.place),
            density=part.density,
            lumen=_LUMEN * part.lumen,
            cell_id=part.owner,
        )
        for part, kind in ((on, "migrasome"), (debris, "free"))
    ]
    small = [part for name, part in layout.lookalikes.items() if name != "debris"]
    points = [
        dataclasses.replace(dots_of(p.centre, p.diameter, kind="punctum"), brightness=p.density, cell_id=p.owner)
        for p in small
    ]
    tubes = lines_of(layout.pieces, kind="laid", radius=BenchRecipe().tube_um / 2)
    return Scene(
        field=layout.field,
        frame=0,
        time_min=0.0,
        cells=layout.cells,
        # each piece is named, so that its beading does not depend on the others
        tubes=dataclasses.replace(tubes, cell_id=layout.owner, node_id=np.arange(len(layout.pieces))),
        vesicles=join(*spheres),
        dots=join(*points) if points else dots_of(np.empty((0, 2)), np.empty(0), kind="punctum"),
    )
