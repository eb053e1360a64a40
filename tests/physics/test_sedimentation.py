"""Settling, floating, diffusion and gradients against closed forms, published tables and a finite-volume solver."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.isolation.bench.column import viscosity_of
from migralab.isolation.bench.library import rotors
from migralab.physics.sedimentation import medium, particle
from migralab.physics.sedimentation.flight import Column, Particles, fly_all
from migralab.physics.sedimentation.gradient import evolve_solute, layered

COLD = 4.0
KT = medium.BOLTZMANN * (COLD + medium.FREEZING)
HEAT = KT / (3 * np.pi)
TUBE = np.linspace(0.0523, 0.0958, 241)
SPEED = particle.angular_speed(150_000, 0.0958)


def column(density, viscosity, seconds, radii=TUBE, spells=20):
    shape = (spells, len(radii))
    return Column(radii, np.broadcast_to(density, shape).copy(), np.broadcast_to(viscosity, shape).copy(),
                  np.ones(shape), np.full(spells, seconds / spells))  # fmt: skip


def flown(diameter, matter, liquid, start, phi=1.0, leaky=1.0):
    n = len(np.atleast_1d(start))
    full = lambda value: np.full(n, float(value))  # noqa: E731  # three letters beat three lines
    mean, variance = np.empty(n), np.empty(n)
    fly_all(Particles(full(diameter), full(phi), full(matter), full(leaky)), np.atleast_1d(start).astype(float),
            liquid, SPEED, HEAT, 1006.0, 1000.0, mean, variance)  # fmt: skip
    return mean, variance


# --- closed forms -----------------------------------------------------------------------------------------------


def test_settling_in_a_uniform_medium_is_exponential():
    start, seconds, d, eta = np.array([0.055, 0.06, 0.07]), 20.0, 2e-7, 1.6e-3
    rate = d**2 * 80.0 * SPEED**2 / (18 * eta)  # Stokes, written out
    mean, variance = flown(d, 1080.0, column(1000.0, eta, seconds), start)
    assert np.all(start * np.exp(rate * seconds) < TUBE[-1])
    # The velocity is linear in r, so only rounding is left of the aim of 1 %
    np.testing.assert_allclose(mean, start * np.exp(rate * seconds), rtol=1e-9)
    spread = KT / (3 * np.pi * eta * d) * np.expm1(2 * rate * seconds) / rate
    np.testing.assert_allclose(variance, spread, rtol=1e-6)


def test_floating_in_a_uniform_medium_is_exponential():
    rate = 4e-14 * (1040.0 - 1100.0) * SPEED**2 / (18 * 2e-3)
    seconds = 0.3 / abs(rate)
    mean, _ = flown(2e-7, 1040.0, column(1100.0, 2e-3, seconds), 0.09)
    np.testing.assert_allclose(mean, 0.09 * np.exp(rate * seconds), rtol=1e-9)


@pytest.mark.parametrize("name", ["mls-50", "sw-41-ti", "sw-32-ti"])
def test_a_particle_of_one_svedberg_needs_the_printed_hours(name):
    """The manufacturer's k factor: hours per svedberg from r_min to r_max at the highest speed, in water at 20 C."""
    rotor = rotors()[name]
    speed = rotor.max_rpm * 2 * np.pi / 60
    svedberg = 500.0
    hours = rotor.k_printed / svedberg
    rate = svedberg * 1e-13 * speed**2
    end = particle.settle_uniform(np.array([rotor.r_min_mm * 1e-3]), np.array([rate]), np.array([0.0]), hours * 3600,
                                  (0.0, 1.0), np.array([0.0]))  # fmt: skip
    assert end[0] * 1e3 == pytest.approx(rotor.r_max_mm, rel=0.01)  # k is printed with two or three figures


def test_free_diffusion_spreads_as_two_d_t():
    eta = medium.water_viscosity(COLD)
    _, variance = flown(1e-7, 1000.0, column(1000.0, eta, 3600.0), 0.07)
    np.testing.assert_allclose(variance, 2 * KT / (3 * np.pi * eta * 1e-7) * 3600.0, rtol=1e-9)


def test_a_bead_of_100_nm_diffuses_as_textbooks_say():
    """4.9 um2/s at 25 C in water, the number by which dynamic light scattering is checked."""
    found = particle.diffusivity(np.array([1e-7]), medium.water_viscosity(25.0), 25.0)
    assert found[0] * 1e12 == pytest.approx(4.91, rel=0.01)


@pytest.mark.parametrize("start", [0.056, 0.075, 0.093])
def test_a_vesicle_finds_its_density_and_the_band_is_as_thermodynamics_has_it(start):
    """Meselson and Stahl 1958: variance of a band = kT / (V omega^2 r drho/dr), whatever the viscosity."""
    slope, d, rho = 2500.0, 1e-7, 1080.0  # 0.11 g/ml over the tube
    liquid = column(1030.0 + slope * (TUBE - TUBE[0]), 2e-3, 30 * 3600.0)
    mean, variance = flown(d, rho, liquid, start)
    place = TUBE[0] + (rho - 1030.0) / slope
    np.testing.assert_allclose(mean, place, rtol=1e-5)  # piecewise linear velocity: h^2
    width = KT / (np.pi / 6 * d**3 * slope * SPEED**2 * place)
    np.testing.assert_allclose(variance, width, rtol=0.01)


def test_a_light_vesicle_lies_under_the_meniscus_in_an_exponential_layer():
    mean, variance = flown(3e-7, 950.0, column(1050.0, 2e-3, 4 * 3600.0), 0.08)
    force = np.pi / 6 * 2.7e-20 * 100.0 * SPEED**2 * TUBE[0]
    np.testing.assert_allclose(mean, TUBE[0])
    np.testing.assert_allclose(np.sqrt(variance), KT / force, rtol=1e-9)  # barometric height


def test_a_heavy_one_is_in_the_pellet():
    mean, _ = flown(1e-6, 1200.0, column(1000.0, 1.6e-3, 3600.0), 0.06)
    assert np.isinf(mean).all()


# --- against another solver --------------------------------------------------------------------------------------


def test_a_small_particle_in_a_gradient_moves_as_the_lamm_equation_says():
    """Mean and width of a 16 nm particle on its way through a gradient, beside finite volumes, exact in time."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import expm_multiply

    d, rho, seconds, cells = 1.6e-8, 1110.0, 8 * 3600.0, 1200
    fine = np.linspace(TUBE[0], TUBE[-1], cells + 1)
    middle, h = 0.5 * (fine[1:] + fine[:-1]), fine[1] - fine[0]

    def density(r):
        return 1010.0 + 1500.0 * (r - TUBE[0]) + 2.0e4 * (r - TUBE[0]) ** 2  # bent, so that it is no easy case

    def viscosity(r):
        return 1.6e-3 * (1.0 + 20.0 * (r - TUBE[0]))

    inside = fine[1:-1]
    drift = d**2 * (rho - density(inside)) * SPEED**2 * inside / (18 * viscosity(inside))
    spread = KT / (3 * np.pi * viscosity(inside) * d)
    assert np.all(drift * h / spread < 2.0)  # central differences do not swing
    out, back = (drift / 2 + spread / h) / h, (drift / 2 - spread / h) / h  # flux = out c_left + back c_right
    whole = diags_array([out, np.append(-out, 0.0) + np.append(0.0, back), -back], offsets=[-1, 0, 1]).tocsr()
    load = np.where((middle > 0.060) & (middle < 0.062), 1.0, 0.0)
    final = expm_multiply(whole * seconds, load)
    assert final.sum() == pytest.approx(load.sum(), rel=1e-9)
    from_mean = (middle * load).sum() / load.sum()
    truth = (middle * final).sum() / final.sum()
    width = np.sqrt(((middle - truth) ** 2 * final).sum() / final.sum())

    start = np.repeat(middle[load > 0], 4)
    mean, variance = flown(d, rho, column(density(TUBE), viscosity(TUBE), seconds), start)
    assert truth - from_mean > 0.005  # it went somewhere
    assert mean.mean() == pytest.approx(truth, abs=0.01 * (truth - from_mean))
    assert np.sqrt(mean.var() + variance.mean()) == pytest.approx(width, rel=0.02)  # linear noise, a bent gradient


# --- the gradient itself -----------------------------------------------------------------------------------------


def test_a_step_of_solute_blurs_as_an_error_function():
    from scipy.special import erf

    edges = np.linspace(0.05, 0.09, 401)
    middle = 0.5 * (edges[1:] + edges[:-1])
    start = np.where(middle < 0.07, 20.0, 200.0)
    seconds, diffusion = 4 * 3600.0, 2e-10
    found = evolve_solute(start, edges, lambda c: (np.zeros_like(c), np.full_like(c, diffusion)),
                          np.array([seconds]), 400)[0]  # fmt: skip
    expected = 110.0 + 90.0 * erf((middle - 0.07) / np.sqrt(4 * diffusion * seconds))
    np.testing.assert_allclose(found, expected, atol=0.01 * 180)


def test_solute_is_conserved_and_ends_in_the_balance_of_settling_and_diffusion():
    edges = np.linspace(0.05, 0.09, 241)
    middle = 0.5 * (edges[1:] + edges[:-1])
    a, diffusion = 4e-6, 2e-9  # fast, so that an hour of work is enough
    found = evolve_solute(np.full(240, 100.0), edges, lambda c: (np.full_like(c, a), np.full_like(c, diffusion)),
                          np.array([1e4, 3e6]), 200)  # fmt: skip
    np.testing.assert_allclose(found.sum(axis=1), 240 * 100.0, rtol=1e-10)  # rounding of 400 solutions
    expected = np.exp(a * middle**2 / (2 * diffusion))
    np.testing.assert_allclose(found[1], 100.0 * expected / expected.mean(), rtol=0.002)


def test_layers_keep_their_volume_when_they_are_cut_into_cells():
    found = layered(np.linspace(0.0, 3.0, 8), np.array([1.0, 0.5, 1.5]), np.array([0.0, 10.0, 20.0]))
    assert (found * 3 / 7).sum() == pytest.approx(0.5 * 10 + 1.5 * 20)
    assert found[0] == 0.0
    assert found[-1] == 20.0


# --- media ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("celsius", "density", "viscosity"), [
    (4, 0.99997, 1.567), (10, 0.99970, 1.306), (20, 0.99821, 1.002), (25, 0.99705, 0.890), (37, 0.99333, 0.692),
])  # fmt: skip
def test_water_is_as_in_the_tables(celsius, density, viscosity):
    assert medium.water_density(celsius) / 1000 == pytest.approx(density, abs=3e-5)
    assert medium.water_viscosity(celsius) * 1000 == pytest.approx(viscosity, rel=2e-3)


@pytest.mark.parametrize(("percent", "density"), [(5, 1017.8), (10, 1038.1), (20, 1081.0), (30, 1127.0), (40, 1176.5),
                                                  (50, 1229.5), (60, 1286.4)])  # fmt: skip
def test_sucrose_is_as_dense_as_in_the_handbook_at_20_c(percent, density):
    assert medium.sucrose_density(np.array(percent / 100), 20.0) == pytest.approx(density, abs=1.0)


@pytest.mark.parametrize(("percent", "celsius", "viscosity"), [
    (20, 0, 3.804), (20, 5, 3.154), (20, 20, 1.960), (40, 0, 14.77), (40, 20, 6.200), (60, 20, 58.37 * 1.005),
])  # fmt: skip
def test_sucrose_is_as_viscous_as_in_the_handbook(percent, celsius, viscosity):
    """Handbook of chemistry and physics, as a public program prints it; editions differ by 1 to 3 %."""
    found = medium.sucrose_viscosity(np.array(percent / 100), celsius) * 1000
    assert found == pytest.approx(viscosity, rel=0.04)


def test_molar_sucrose_weighs_what_it_should():
    """1 M is 342.3 g/l; tables give 1.1277 g/ml at 20 C."""
    w = medium.sucrose_weight_fraction(np.array(342.3), 20.0)
    assert medium.sucrose_density(w, 20.0) * w == pytest.approx(342.3, rel=1e-9)
    assert medium.sucrose_density(w, 20.0) == pytest.approx(1128.5, abs=1.5)


@pytest.mark.parametrize(("grams", "celsius", "viscosity"), [(550, 20, 11.3), (652, 20, 25.4), (550, 37, 5.8),
                                                             (652, 37, 11.4)])  # fmt: skip
def test_iodixanol_is_as_viscous_as_on_the_label(grams, celsius, viscosity):
    """Visipaque, summary of product characteristics. Three numbers were set by these four, so one is left to check."""
    assert viscosity_of("iodixanol", np.array([grams]), celsius)[0] * 1000 == pytest.approx(viscosity, rel=0.02)


@pytest.mark.parametrize(("molal", "osmolal"), [(1.0, 1.088), (2.0, 2.378), (3.0, 3.864)])
def test_sucrose_pulls_water_as_robinson_and_stokes_measured(molal, osmolal):
    w = molal * 0.3423 / (1 + molal * 0.3423)
    assert medium.sucrose_osmolality(np.array(w)) == pytest.approx(osmolal, rel=0.02)


def test_a_vesicle_shrinks_in_thick_sucrose_and_gets_denser_and_a_leaky_one_bands_at_its_matter():
    """Van 't Hoff by hand: at four times the rest the lumen keeps a quarter; 0.4 of 1.18 and 0.6 of 1.006 g/ml."""
    assert particle.shrunken(np.array([0.1, 0.29, 1.16]), 0.29) == pytest.approx([1.0, 1.0, 0.25])

    def floats(rho, x, leaky):
        return particle.excess_density(0.4, 1180.0, leaky, rho, x, 1006.0, 1000.0)

    assert floats(0.4 * 1180 + 0.6 * 1006, 1.0, 0.0) == pytest.approx(0.0, abs=1e-9)
    shrunk = (0.4 * 1180 + 0.6 * (1006 - 0.75 * 1000)) / (0.4 + 0.6 * 0.25)  # mass over volume
    assert floats(shrunk, 0.25, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert floats(1180.0, 0.25, 1.0) == 0.0
    again = particle.matter_density(np.array([shrunk]), np.array([0.4]), np.array([0.25]), 1006.0, 1000.0)
    assert again[0] == pytest.approx(1180.0)
