"""Real pictures against what is known of them: growth, beads, markers, and labels made twice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.panel_notes import ASSUMED_UM
from benchmarks.timing import Table
from migralab.core.errors import DataError
from migralab.imaging.analyse import analyse_micrograph, trace_frame
from migralab.imaging.datasets import data_root, find_dataset, find_panel
from migralab.imaging.markers import measure_markers, rank_markers, stack_channels
from migralab.imaging.measure_image import measure_image
from migralab.imaging.people.limits import limits_of_agreement
from migralab.imaging.reading import Micrograph, read_micrograph
from migralab.imaging.score import Counts, Rates, pair_up, rate_images, tolerance_of
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.time.motion import find_particles, link_particles, measure_diffusion, stokes_einstein

LABELS = Path(__file__).resolve().parents[1] / "tests" / "recovery" / "labels"
LABELLED = (
    "zhao2019_figS1a", "zhao2019_figS3b_05", "zhao2019_fig1g_CPQ_TSPAN4GFP", "chen2019_fig1d_GA", "chen2019_fig1f_10",
)  # fmt: skip
MARKERS = ("NDST1", "PIGK", "CPQ", "EOGT")
LIVE = {
    "PIGK live": ("zhao2019_figS3b_02", "zhao2019_figS3b_03"),
    "CPQ live": ("zhao2019_figS3b_05", "zhao2019_figS3b_06"),
}
LEFT_EDGES = (10, 100, 189, 278, 368, 457)  # of the pictures in the growth series, pixels (SOURCES.md)
UPPER, LOWER, WIDE = 9, 103, 84
PSF_UM = 0.08  # of the growth series, as measured on the fibres of its picture of 8 min

Floats = NDArray[np.float64]


def growth_panels(left: int) -> Micrograph:
    """Return one time of the growth series of Wu 2017 Fig. 1D: ITGA5-GFP and TSPAN4-mCherry as two channels."""
    path = find_dataset("wu2017_fig1D")
    channels = {}
    for name, colour, top in (("ITGA5", "green", UPPER), ("TSPAN4", "red", LOWER)):
        whole = read_micrograph(path, pixel_size=0.039, colour=colour)
        rows, columns = slice(top, top + WIDE), slice(left, left + WIDE)
        channels[name] = replace(
            whole, pixels=whole.pixels[:, :, rows, columns], masked=whole.masked[rows, columns], source=name
        )
    return stack_channels(channels)


def growth() -> Table:
    """Diameters of one growing migrasome beside those read by hand at half maximum."""
    settings = AnalysisSettings(psf_sigma_um=PSF_UM)
    with find_dataset("wu2017_fig1D_curve").open(encoding="utf-8") as file:
        read = list(csv.DictReader(line for line in file if not line.startswith("#")))
    rows = []
    for left, known in zip(LEFT_EDGES, read, strict=True):
        table = analyse_micrograph(growth_panels(left), settings)["migrasomes"]
        row = [known["time_min"], known["area_eq_diam_um"], known["outer_half_max_diam_um"] or "-", "-", "-", "-"]
        if len(table):
            sizes = table[["diameter_um", "diameter_sd_um"]].to_numpy(np.float64)
            size, error = sizes[sizes[:, 0].argmax()]
            seen = outer_half_maximum(float(size), PSF_UM)
            row[3:5] = [f"{size:.2f} +- {error:.2f}", f"{seen:.2f}"]
            if known["outer_half_max_diam_um"]:
                row[5] = f"{seen - float(known['outer_half_max_diam_um']):+.2f}"
        rows.append(row)
    head = (
        "min", "read: area at half maximum, um", "read: outer half maximum, um", "measured diameter, um",
        "outer half maximum of a blurred shell of that diameter", "difference, um",
    )  # fmt: skip
    return Table(title="Growth of one migrasome (Wu 2017 Fig. 1D)", head=head, rows=rows)


def outer_half_maximum(diameter_um: float, psf_um: float, section_um: float = 0.35) -> float:
    """Return where a blurred picture of a shell falls to half its maximum, as a diameter: what a hand reads off.

    The shell is a cloud of points, thinned by the optical section; nothing is shared with the fit.
    """
    rng = np.random.default_rng(0)
    way = rng.normal(size=(200_000, 3))
    place = way / np.linalg.norm(way, axis=1, keepdims=True) * diameter_um / 2
    step, pixels = 0.01, 401
    reach = step * pixels / 2
    seen = np.exp(-0.5 * (place[:, 2] / section_um) ** 2)
    picture = np.histogram2d(place[:, 0], place[:, 1], pixels, [[-reach, reach], [-reach, reach]], weights=seen)[0]
    picture = ndimage.gaussian_filter(picture, psf_um / step)
    y, x = np.indices(picture.shape) - pixels // 2
    ring = np.rint(np.hypot(x, y)).astype(int)
    profile = np.bincount(ring.ravel(), picture.ravel()) / np.bincount(ring.ravel())
    half = profile.max() / 2
    last = int(np.flatnonzero(profile >= half)[-1])
    beyond = (profile[last] - half) / (profile[last] - profile[last + 1])
    return float(2 * step * (last + beyond))


def beads() -> Table:
    """Beads of 1 um in water against Stokes and Einstein."""
    from PIL import Image

    folder = (data_root() or Path("shared/data")) / "trackpy_bulk_water"
    files = sorted(folder.glob("bulk_water_*.png"))
    if not files:
        raise DataError(f"The beads are not on this machine (looked for {folder}/bulk_water_000.png).")
    places = []
    for file in files:
        with Image.open(file) as picture:
            places.append(find_particles(np.asarray(picture, np.float64), 9.0, dark=True))
    found = measure_diffusion(
        link_particles(places, 5.0, memory=3), 1 / 24, 1 / 2.85, lags_s=(0.3, 1.0), least_frames=25
    )
    expected = stokes_einstein(1.0, 22.0)
    row = (
        str(found.tracks), f"{found.coefficient_um2_per_s:.3f} +- {found.sd:.3f}", f"{expected:.3f}",
        f"{found.coefficient_um2_per_s / expected - 1:+.1%}", f"{found.exponent:.2f}",
    )  # fmt: skip
    head = ("tracks", "D, um2/s", "Stokes-Einstein, 1 um, 22 C", "difference", "exponent")
    return Table(title="Beads in water (trackpy bulk water, 50 frames, lags 0.3 to 1 s)", head=head, rows=[row])


def marker_images() -> dict[str, Micrograph]:
    """Return the fields of Zhao 2019 Fig. 1g and S3b as images of two channels, TSPAN4 and marker."""
    names = {m: (f"zhao2019_fig1g_{m}_TSPAN4GFP", f"zhao2019_fig1g_{m}_marker") for m in MARKERS} | LIVE
    return {marker: stack_channels({"TSPAN4": _read(a), "marker": _read(b)}) for marker, (a, b) in names.items()}


def markers() -> Table:
    """How often each marker stands out at TSPAN4 vesicles, and what chance gives."""
    table = rank_markers(marker_images(), AnalysisSettings())
    rows = [
        (
            str(row["marker"]), str(row["vesicles"]), f"{row['on']:.2f}", f"{row['chance']:.2f}", f"{row['p']:.2f}",
            f"{row['pearson']:.2f}", f"{row['pearson_chance']:.2f}",
            f"{row['light_on_vesicles']:.2f} on {row['area_of_vesicles']:.3f}",
            f"{row['to_fibre']:.1f} / {row['to_fibre_reference']:.1f} ({row['with_fibre']})",
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
    head = (
        "marker", "vesicles", "marker on", "by chance", "p", "Pearson", "by chance", "share of light on share of area",
        "to fibre: marker / TSPAN4 (n)",
    )  # fmt: skip
    ratios = "; ".join(f"{name}: {value}" for name, value in {**_wga(), **_integrin()}.items())
    note = f"Vesicle over its fibres, medians of a panel: {ratios}."
    return Table(title="Markers at TSPAN4 vesicles (Zhao 2019)", head=head, rows=rows, note=note)


def _wga() -> dict[str, str]:
    """WGA of migrasomes over that of fibres; published: 2.23 over 1.12 (Chen 2019 1c)."""
    found = {}
    for name in ("chen2019_fig1d_GA", "chen2019_fig1d_MeOH", "chen2019_fig1d_PFA"):
        ratio = measure_markers(_read(name), AnalysisSettings())["to_fibre"].dropna()
        found[f"WGA in {name}"] = f"{ratio.median():.1f} (n {len(ratio)})"
    return found


def _integrin() -> dict[str, str]:
    """ITGA5 and TSPAN4 of the growing migrasome over its fibres; published: ITGA5 is low on fibres (Wu 2017)."""
    found = {}
    for left, minutes in zip(LEFT_EDGES[3:], (40, 80, 140), strict=True):
        table = measure_markers(growth_panels(left), AnalysisSettings(psf_sigma_um=PSF_UM))
        integrin = table[table["channel"] == "ITGA5"]
        brightest = integrin["vesicle"].to_numpy()[integrin["membrane"].to_numpy(np.float64).argmax()]
        found[f"Wu 2017 at {minutes} min"] = " and ".join(
            f"{row['channel']} {row['to_fibre']:.1f} +- {row['to_fibre_sd']:.1f}"
            for row in table[table["vesicle"] == brightest].to_dict("records")
        )
    return found


def labels() -> Iterator[Table]:
    """F1 of two sets of labels made independently, and of the analyser against each."""
    seen = [_compare(name) for name in LABELLED]
    rows = [
        (one.name, *map(str, one.numbers), *(_rated([counts]) for counts in one.counts), _spread(one.excess))
        for one in seen
    ]
    total = np.sum([one.numbers for one in seen], axis=0)
    pooled = [_rated([one.counts[n] for one in seen]) for n in range(3)]
    rows.append(("all", *map(str, total), *pooled, _spread(np.concatenate([one.excess for one in seen]))))
    limits = limits_of_agreement(*(np.concatenate(part) for part in zip(*(one.widths for one in seen), strict=True)))
    head = (
        "panel", "first", "second", "analyser", "in both, missed", "of these points", "F1 between labels",
        "analyser by first", "analyser by second", "width less blur less diameter, um",
    )  # fmt: skip
    note = (
        "F1, in brackets 95 %; then precision and recall. A pair lies within max(0.3 um, half the labelled width). "
        f"Widths as labelled, second less first: {limits.bias:+.2f} um, sd {limits.sd:.2f} um (n {limits.n})."
    )
    yield Table(title="Labels made twice, and the analyser", head=head, rows=rows, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One labelled panel: both sets of labels and the analyser.

    Parameters
    ----------
    numbers
        Labels of the first and second set, vesicles of the analyser, labels in both sets that the analyser does not
        count, and how many of these it lists as points.
    counts
        The second set by the first, the analyser by the first, and by the second.
    widths
        Widths of the labels in both sets, first and second, um.
    excess
        Labelled width of the first set, less 2.355 PSF, less the measured diameter of the same vesicle, um.
    """

    name: str
    numbers: tuple[int, ...]
    counts: tuple[Counts, Counts, Counts]
    widths: tuple[Floats, Floats]
    excess: Floats


def _compare(name: str) -> Compared:
    pixel = find_panel(name)[1].pixel_size_um or ASSUMED_UM
    observations, series, settings = measure_image(find_dataset(name), pixel_size=pixel)
    found = observations["migrasomes"][["x_um", "y_um"]].to_numpy(np.float64)
    trace = trace_frame(series, settings, 0)
    spots = np.array([(p.x * pixel, p.y * pixel) for p in trace.points], np.float64).reshape(-1, 2)
    one, other = (_unmasked(read_labels(name, which), series.masked) * pixel for which in ("first", "second"))
    a, b = pair_up(one[:, :2], other[:, :2], tolerance_of(other[:, 2]))
    both = one[a]
    missed = np.delete(both, pair_up(found, both[:, :2], tolerance_of(both[:, 2]))[1], axis=0)
    rows, marks = pair_up(found, one[:, :2], tolerance_of(one[:, 2]))
    measured = observations["migrasomes"]["diameter_um"].to_numpy(np.float64)[rows]
    as_points = len(pair_up(spots, missed[:, :2], tolerance_of(missed[:, 2]))[0])
    return Compared(
        name=name,
        numbers=(len(one), len(other), len(found), len(missed), as_points),
        counts=(match(other[:, :2], one), match(found, one), match(found, other)),
        widths=(both[:, 2], other[b, 2]),
        excess=one[marks, 2] - 2.355 * trace.psf_um - measured,
    )


def _spread(values: Floats) -> str:
    return f"{np.mean(values):+.2f} (sd {np.std(values, ddof=1):.2f}, n {len(values)})"


def _unmasked(marks: Floats, masked: NDArray[np.bool_]) -> Floats:
    x, y = np.rint(marks[:, :2]).astype(int).T
    return np.asarray(marks[~masked[y, x]])


def read_labels(name: str, which: str) -> Floats:
    """Return places and widths of one set of labels, (n, 3), pixels from the centre of the first one."""
    with (LABELS / f"{name}_{which}.csv").open(encoding="utf-8") as file:
        rows = [[float(row[c]) for c in ("x_px", "y_px", "width_px")] for row in csv.DictReader(file)]
    return np.array(rows, np.float64).reshape(-1, 3)


def match(found: Floats, truth: Floats) -> Counts:
    """Count pairs of places (n, 2) and labels (m, 3: place and width), um."""
    pairs = len(pair_up(found, truth[:, :2], tolerance_of(truth[:, 2]))[0])
    return Counts(true_positives=pairs, false_positives=len(found) - pairs, false_negatives=len(truth) - pairs)


def _rated(counts: list[Counts]) -> str:
    rates: Rates = rate_images(counts)
    return f"{rates.f1}; {rates.precision.value:.2f}, {rates.recall.value:.2f}"


def _read(name: str) -> Micrograph:
    return read_micrograph(find_dataset(name), pixel_size=find_panel(name)[1].pixel_size_um or ASSUMED_UM)
