"""Recoveries that are known come back with the errors of evidence/imaging.md section 4.2, or a reason why not."""

import dataclasses

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.time.frap import fit_recovery, normalise_twice
from migralab.imaging.time.light import follow_light

PIXELS, GROUND, READ = 60, 5.0, 1.5
BEFORE = 10


def expose(photons, *, mobile=0.5, taus=((1.0, 10.0),), left=0.0, fade=0.01, frames=120, seed=0):
    """Times, light of the bleached object and of a neighbour, and its error; 60 pixels on a ground of 5 photons."""
    rng = np.random.default_rng(seed)
    t = np.arange(-BEFORE, frames) * 1.0
    back = sum(share * -np.expm1(-np.maximum(t, 0.0) / tau) for share, tau in taus)
    mean = photons * np.exp(-fade * (t + BEFORE)) * np.where(t < 0, 1.0, left + (1 - left) * mobile * back)
    whole = 4 * photons * np.exp(-fade * (t + BEFORE))
    sd = np.sqrt(mean + PIXELS * (GROUND + READ**2))
    light, other = (
        rng.poisson(part + PIXELS * GROUND) + rng.normal(0, READ * PIXELS**0.5, len(t)) - PIXELS * GROUND
        for part in (mean, whole)
    )
    return t, light, other, sd


def recover(photons, *, neighbour=True, **kind):
    t, light, other, sd = expose(photons, **kind)
    curve = normalise_twice(t, light, BEFORE, other if neighbour else None, light_sd=sd)
    return fit_recovery(curve, fit_bleaching=not neighbour)


@pytest.mark.parametrize(
    ("photons", "neighbour", "half", "mobile"),
    [(1000, True, 0.08, 0.013), (1000, False, 0.11, 0.021), (5000, True, 0.03, 0.005), (5000, False, 0.04, 0.007)],
)
def test_half_time_and_mobile_fraction_are_known_as_well_as_they_can_be(photons, neighbour, half, mobile):
    fits = [recover(photons, neighbour=neighbour, seed=seed) for seed in range(24)]
    truth = 10 * np.log(2)
    assert not any(fit.problem for fit in fits)
    times, shares = np.array([fit.half_time_s for fit in fits]), np.array([fit.mobile for fit in fits])
    assert np.std(times) / truth < 1.3 * half  # sd of a sd over 24 is 15 %
    assert np.std(shares) < 1.3 * mobile
    assert np.mean(times) == pytest.approx(truth, abs=3 * half * truth / np.sqrt(24))
    assert np.mean(shares) == pytest.approx(0.5, abs=3 * mobile / np.sqrt(24) + 0.003)
    # the errors that are stated are those that are made
    assert np.median([fit.half_time_sd_s for fit in fits]) == pytest.approx(np.std(times), rel=0.45)
    inside = sum(low < truth < high for low, high in (fit.half_time_between_s for fit in fits))
    assert inside >= 20


def test_two_rates_are_found_where_they_are_and_only_there():
    double = [recover(5000, mobile=0.6, taus=((0.5, 3.0), (0.5, 40.0)), seed=seed) for seed in range(6)]
    assert all(fit.law == "double" for fit in double)
    assert np.median([fit.times_s[0] for fit in double]) == pytest.approx(3.0, rel=0.2)
    assert np.median([fit.times_s[1] for fit in double]) == pytest.approx(40.0, rel=0.2)
    assert np.mean([fit.mobile for fit in double]) == pytest.approx(0.6, abs=0.03)
    assert not any(recover(5000, seed=seed).law == "double" for seed in range(12))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"taus": ((1.0, 400.0),)}, "level off"),
        ({"mobile": 0.0}, "no recovery"),
        ({"left": 0.93}, "was bleached"),
        ({"taus": ((1.0, 0.1),)}, "film faster"),
    ],
)
def test_what_a_curve_cannot_tell_is_said_and_not_stated(kind, words):
    fit = recover(1000, seed=2, **kind)
    assert words in fit.problem
    assert fit.law == "none"
    assert np.isnan(fit.half_time_s)
    assert np.isnan(fit.mobile)


def test_without_errors_the_scatter_gives_them():
    t, light, other, _ = expose(2000, seed=4)
    fit = fit_recovery(normalise_twice(t, light, BEFORE, other))
    assert fit.half_time_s == pytest.approx(6.93, rel=0.25)
    assert 0.1 < fit.half_time_sd_s < 1.0


def test_senseless_curves_are_refused():
    t, light, other, _ = expose(1000)
    with pytest.raises(RequestError, match="frames before"):
        normalise_twice(t, light, 0, other)
    with pytest.raises(RequestError, match="no light"):
        normalise_twice(t, -np.abs(light), BEFORE, other)
    curve = normalise_twice(t, light, BEFORE, other)
    short = dataclasses.replace(curve, times_s=curve.times_s[:5], values=curve.values[:5], sd=curve.sd[:5])
    with pytest.raises(RequestError, match="at least 8"):
        fit_recovery(short)


def draw_frap(frames=50, bleached=5, side=120, seed=0):
    """A fibre with vesicles that drifts; the vesicle in the middle is bleached and recovers to half in tau = 8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(float)
    path = np.cumsum(rng.normal(0, 0.35, (frames, 2)), axis=0)
    path[0] = 0.0
    film = []
    for number, (dx, dy) in enumerate(path):
        after = number - bleached
        own = 1.0 if after < 0 else 0.5 * -np.expm1(-after / 8.0)
        light = 8.0 * np.exp(-((y - 60 - dy - 0.1 * (x - 60 - dx)) ** 2) / 4)
        for place, bright in (((60, 60), own), ((30, 57), 1.0), ((92, 63.2), 1.0), ((60, 30), 1.0), ((35, 95), 1.0)):
            light += 60 * bright * np.exp(-((x - place[0] - dx) ** 2 + (y - place[1] - dy) ** 2) / (2 * 2.5**2))
        light = light * 0.99**number
        film.append((rng.poisson(light + 5) + rng.normal(0, 1.5, light.shape) + 100).astype(np.float32))
    return film, path


def test_a_bleached_object_is_followed_by_what_is_around_it():
    film, path = draw_frap()
    own, left, right = follow_light(iter(film), [(60, 60), (30, 57), (60, 30)], 6.0)
    assert np.abs(own.place - (path + 60.0)).max() < 0.3
    assert own.unsure == 0
    t = np.arange(len(film)) * 1.0
    curve = normalise_twice(t, own.light, 5, left.light + right.light, light_sd=own.sd)
    assert curve.bleaching_per_s == pytest.approx(0.01, abs=0.002)
    fit = fit_recovery(curve)
    assert fit.half_time_s == pytest.approx(8 * np.log(2), rel=0.15)
    assert fit.mobile == pytest.approx(0.5, abs=0.05)
    # a disc that stays loses the light that walks out of it: the same fit would be off by more
    assert np.hypot(*(own.place[-1] - own.place[0])) > 1.0


def test_an_object_at_the_border_is_refused():
    film, _ = draw_frap(frames=3)
    with pytest.raises(RequestError, match="border"):
        follow_light(film, [(4, 60)], 6.0)
