"""The growth constant of rendered vesicles of 1,000 photons, over four time constants (issue 8: within 5 %)."""

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.signal.profiles import blur_spheres
from migralab.imaging.time.growth import fit_growth
from migralab.imaging.time.growth_table import tabulate_growth
from migralab.imaging.time.series_fit import fit_series
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES
from tests.unit.imaging.time.growing import OPTICS, render_film

TIMES = np.arange(1, 31) * 2.0
DIAMETERS = 1.5 * -np.expm1(-TIMES / 15.0)


pytestmark = pytest.mark.slow  # eighteen seconds of fits


@pytest.fixture(scope="module")
def series():
    frames, noises, centres = render_film(DIAMETERS, 1000.0, key=11, rows=3)
    profiles = blur_spheres(OPTICS.psf_um, OPTICS.section_um, OPTICS.pixel_um, 1.2)
    starts = np.column_stack([np.zeros((len(TIMES), 2)), DIAMETERS / 2 * 1.1])
    found = []
    for centre in centres:
        starts[:, :2] = np.rint(centre)
        found.append(fit_series(frames, noises, starts, profiles, OPTICS.pixel_um))
    return found


def test_diameters_are_known_to_twenty_odd_nanometres(series):
    off = np.array([one.diameter_um for one in series]) - DIAMETERS
    wide = DIAMETERS > 0.45
    assert np.sqrt(np.mean(off[:, wide] ** 2)) < 0.028  # 19 nm if the filling were known (evidence/imaging.md 4.1)
    assert abs(np.mean(off[:, wide])) < 0.01
    pulls = off[:, wide] / np.array([one.diameter_sd_um for one in series])[:, wide]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.25)
    assert np.median([one.filling for one in series]) == pytest.approx(0.5, abs=0.12)  # the lumen of WGA


def test_the_time_constant_is_known_to_five_per_cent(series):
    ratios = []
    for one in series:
        below = one.diameter_um < 0.3
        shown = np.where(below, 0.3, one.diameter_um)
        fit = fit_growth(TIMES, shown, one.diameter_sd_um, below).best
        assert fit.law == "saturating"
        ratios.append(fit.values["tau_min"] / 15.0)
    # 4.1 % over 64 vesicles; of nine the root mean square is known to a quarter
    assert np.sqrt(np.mean(np.square(np.array(ratios) - 1))) < 0.06
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.04)


def test_a_table_has_a_row_for_each_that_was_followed_long_enough(series):
    rows = [
        {"migrasome_id": n, "frame": k, "time_min": TIMES[k], "cell_id": 4, "diameter_um": one.diameter_um[k]}
        | {"diameter_sd_um": one.diameter_sd_um[k]}
        for n, one in enumerate(series[:3])
        for k in range(5 if n == 2 else 30)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    tables = {name: empty_table(name) for name in TABLES} | {"migrasomes": conform("migrasomes", columns)}
    table = tabulate_growth(Observations(tables=tables, origin="image", experiment="drawn"))
    assert table["migrasome_id"].tolist() == [0, 1, 2]
    assert "8 are needed" in table["note"][2]
    table = table[table["law"] != ""]
    assert (table["law"] == "saturating").all()
    assert (table["cell_id"] == 4).all()
    assert ((table["tau_low_min"] < table["tau_min"]) & (table["tau_min"] < table["tau_high_min"])).all()
    assert table["limits"].min() >= 1


def test_a_series_needs_frames():
    with pytest.raises(RequestError, match="at least two frames"):
        fit_series([], [], np.empty((0, 3)), blur_spheres(0.12, 0.35, 0.1, 0.5), 0.1)
