"""Published panels: what anybody sees in them is found, and what is no migrasome is not counted."""

import csv
import functools
from dataclasses import replace

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.imaging.analyse import analyse_micrograph, trace_frame
from migralab.imaging.datasets import data_root, find_dataset, find_panel
from migralab.imaging.measure_image import measure_image
from migralab.imaging.reading import read_micrograph
from migralab.imaging.settings import AnalysisSettings

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(data_root() is None, reason="no real micrographs: set MIGRALAB_DATA (see datasets.yaml)"),
]


@functools.cache
def measure(name):
    try:
        path = find_dataset(name)
    except DataError as absent:
        pytest.skip(str(absent))
    return measure_image(path, pixel_size=find_panel(name)[1].pixel_size_um)


def test_the_cell_with_its_tail():
    found, micrograph, settings = measure("zhao2019_figS1a")
    vesicles, fibres = found["migrasomes"], found["fibres"]
    assert len(found["cells"]) == 1
    # counted by eye in the panel: about 35 round bodies in the tail, wider than the fibres
    assert 20 <= len(vesicles) <= 60
    assert vesicles.diameter_um.between(0.3, 2.0).all()
    attached = fibres[fibres.attached]
    assert attached.length_um.sum() > 150
    assert attached.length_um.sum() > 0.7 * fibres.length_um.sum()
    bodies = trace_frame(micrograph, settings, 0).bodies
    x, y = (np.rint(vesicles[c] / 0.096).astype(int) for c in ("x_um", "y_um"))
    assert (bodies[y, x] == 0).all()


@pytest.mark.parametrize(
    ("x", "y"), [(314, 136), (421, 180), (400, 196), (358, 220), (371, 137), (345, 142), (340, 123), (353, 82)]
)
def test_rings_that_anybody_sees(x, y):
    # places read off the panel by eye, pixels
    table = measure("zhao2019_figS1a")[0]["migrasomes"]
    assert np.hypot(table.x_um / 0.096 - x, table.y_um / 0.096 - y).min() < 4


def test_dense_fibres_are_no_cell_and_their_rings_are_found():
    for name, least in (("zhao2019_figS3b_02", 20), ("zhao2019_figS3b_05", 12)):
        found = measure(name)[0]
        assert len(found["cells"]) == 0
        assert len(found["migrasomes"]) >= least
        assert found["fibres"].length_um.sum() > 300
        assert (found["migrasomes"].attachment != "free").mean() > 0.8


def test_text_insets_and_frames_are_not_measured():
    found, micrograph, _ = measure("chen2019_fig1d_GA")
    table = found["migrasomes"]
    x, y = (np.rint(table[c] / 0.48).astype(int) for c in ("x_um", "y_um"))
    assert not micrograph.masked[y, x].any()
    assert micrograph.masked[300, 50]  # the inset repeats a part of the panel
    assert len(table) >= 30


def test_a_panel_without_a_scale_asks_for_it():
    with pytest.raises(DataError, match="--pixel-size"):
        measure("chen2019_fig1f_10")


def test_the_growth_of_one_migrasome():
    try:
        series, curve = find_dataset("wu2017_fig1D"), find_dataset("wu2017_fig1D_curve")
    except DataError as absent:
        pytest.skip(str(absent))
    rows = list(csv.DictReader(line for line in curve.read_text().splitlines() if not line.startswith("#")))
    whole = read_micrograph(series, pixel_size=0.039, colour="green")
    psf = 0.08  # um, as measured on the fibres of the panel of 8 min
    settings = AnalysisSettings(psf_sigma_um=psf)
    sizes = []
    # left edges of the panels from SOURCES.md; the body of the first (0 min) is not yet wider than its fibres
    for left, row in list(zip((10, 100, 189, 278, 368, 457), rows, strict=True))[1:]:
        panel = replace(
            whole, pixels=whole.pixels[:, :, 9:93, left : left + 84], masked=whole.masked[9:93, left : left + 84]
        )
        table = analyse_micrograph(panel, settings)["migrasomes"]
        size = table.diameter_um[table.diameter_um.idxmax()]
        sizes.append(size)
        if row["outer_half_max_diam_um"]:
            # the curve was read at half maximum, blur included: a blurred shell is wider by the width of the blur
            assert size == pytest.approx(float(row["outer_half_max_diam_um"]) - 2.355 * psf, abs=0.15)
    assert sizes == sorted(sizes)
