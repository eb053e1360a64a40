"""Growth constants of drawn curves, on the bound of evidence/imaging.md section 4.2, and of a published series."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.time.growth import fit_growth

TIMES = np.arange(1, 31) * 2.0
TRUTH = {"d_inf_um": 1.5, "tau_min": 15.0, "t0_min": 0.0}
DATA = Path(os.environ.get("MIGRALAB_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
WU = DATA / "cellres_ccby_migrasome" / "wu2017_fig1D_growth_curve.csv"


def draw(sd, seed, tau=15.0, t0=0.0):
    rng = np.random.default_rng(seed)
    return 1.5 * -np.expm1(-np.maximum(TIMES - t0, 0) / tau) + rng.normal(0, sd, len(TIMES))


def bound(sd):
    """Cramer-Rao standard errors of d_inf, tau, t0 for the curve of the evidence, by its derivatives."""
    fall = np.exp(-TIMES / 15.0)
    slopes = np.stack([1 - fall, -1.5 * fall * TIMES / 15.0**2, -1.5 * fall / 15.0], axis=1) / sd
    return np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))


def test_the_bound_is_that_of_the_evidence():
    d_inf, tau, t0 = bound(0.02)
    assert d_inf * 1000 == pytest.approx(10, rel=0.15)
    assert tau / 15.0 == pytest.approx(0.026, rel=0.15)
    assert t0 == pytest.approx(0.16, rel=0.25)


@pytest.mark.parametrize("sd", [0.02, 0.05])
def test_the_fit_is_on_the_bound_and_knows_its_error(sd):
    fits = []
    for seed in range(30):
        d = np.maximum(draw(sd, seed), 0.01)
        fits.append(fit_growth(TIMES, d, np.full(30, sd)).fits["saturating"])
    tau = np.array([fit.values["tau_min"] for fit in fits])
    limit = bound(sd)[1]
    assert np.std(tau) < 1.35 * limit  # sd of a sd over 30 is 13 %
    assert abs(np.mean(tau) - 15.0) < 3 * limit / np.sqrt(30) + 0.02 * limit
    assert np.median([fit.sds["tau_min"] for fit in fits]) == pytest.approx(limit, rel=0.12)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    fits = [fit_growth(TIMES, np.maximum(draw(0.02, s), 0.01), np.full(30, 0.02)) for s in range(200, 250)]
    between = [fit.fits["saturating"].intervals["tau_min"] for fit in fits]
    assert sum(low < 15.0 < high for low, high in between) >= 43  # 47.5 +- 1.5


def test_twenty_nanometres_give_tau_within_five_per_cent():
    off = [fit_growth(TIMES, np.maximum(draw(0.02, s), 0.01), np.full(30, 0.02)).best for s in range(100, 120)]
    assert all(fit.law == "saturating" for fit in off)
    assert np.sqrt(np.mean([(fit.values["tau_min"] / 15.0 - 1) ** 2 for fit in off])) < 0.05


def test_sizes_below_the_resolution_are_limits_not_sizes():
    taus = {"limits": [], "as sizes": []}
    starts = []
    for seed in range(15):
        d = draw(0.03, seed, t0=6.0)
        below = d < 0.3
        shown, sd = np.where(below, 0.3, d), np.full(30, 0.03)
        fit = fit_growth(TIMES, shown, sd, below).fits["saturating"]
        taus["limits"].append(fit.values["tau_min"])
        starts.append(fit.values["t0_min"])
        taus["as sizes"].append(fit_growth(TIMES, shown, sd).fits["saturating"].values["tau_min"])
    assert np.mean(taus["limits"]) == pytest.approx(15.0, rel=0.04)
    assert np.mean(starts) == pytest.approx(6.0, abs=0.3)
    assert np.mean(taus["as sizes"]) > 1.15 * 15.0


@pytest.mark.parametrize(
    ("shape", "law", "words"),
    [
        (lambda t: 0.4 + 0.01 * t, "linear", "level off"),
        (lambda t: np.full_like(t, 1.0), "none", "level"),
        (lambda t: 1.5 * -np.expm1(-(t + 5) / 400.0), "linear", "level off"),
    ],
)
def test_no_time_constant_where_growth_does_not_level_off(shape, law, words):
    d = shape(TIMES) + np.random.default_rng(3).normal(0, 0.02, 30)
    growth = fit_growth(TIMES, np.maximum(d, 0.01), np.full(30, 0.02))
    assert growth.best.law == law
    assert words in growth.note
    assert sum(growth.weights.values()) == pytest.approx(1.0)


def test_without_errors_they_come_from_the_scatter():
    growth = fit_growth(TIMES, np.maximum(draw(0.05, 4), 0.01))
    assert growth.sd_um == pytest.approx(0.05, rel=0.3)
    assert growth.best.law == "saturating"


def test_too_few_or_senseless_diameters_are_refused():
    with pytest.raises(RequestError, match="too few"):
        fit_growth(TIMES[:3], np.ones(3), np.ones(3))
    with pytest.raises(RequestError, match="2 that are no limits"):
        fit_growth(TIMES, np.ones(30), np.ones(30), np.arange(30) > 0)
    with pytest.raises(RequestError, match="greater than 0"):
        fit_growth(TIMES, np.zeros(30), np.ones(30))


@pytest.mark.data
@pytest.mark.skipif(not WU.is_file(), reason=f"real data are not there: {WU}")
def test_the_series_of_wu_2017_gives_the_published_reading():
    rows = list(csv.DictReader(line for line in WU.read_text(encoding="utf-8").splitlines() if line[0] != "#"))
    t, d = (np.array([float(row[name]) for row in rows]) for name in ("time_min", "area_eq_diam_um"))
    fit = fit_growth(t, d).best
    # measurement.md A5: d = 0.44 + 1.00 (1 - exp(-t/80)), tau with a standard error of 20
    assert fit.law == "saturating"
    assert fit.values["tau_min"] == pytest.approx(80.0, abs=3.0)
    assert fit.sds["tau_min"] == pytest.approx(20.0, abs=3.0)
    assert fit.values["d_inf_um"] == pytest.approx(1.44, abs=0.02)
    assert fit.diameter(np.array([0.0]))[0] == pytest.approx(0.44, abs=0.01)
