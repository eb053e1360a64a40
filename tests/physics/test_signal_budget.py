"""The budget of one migrasome: the published table from closed forms and again from the field solvers.

Expected numbers stand in the evidence (systems.md 3a, model-notes 9 and 10), which rounds them: half a unit of the last
digit is the tolerance there. Closed forms are checked against quadrature and against the solvers.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from migralab.core import units
from migralab.core.errors import RequestError
from migralab.physics.signals import budget, felt, reach, spread
from migralab.physics.signals.binding import effective_diffusivity
from migralab.physics.signals.budget import NANOMOLAR, Receptors, Setting
from migralab.physics.signals.spread import IN_SLIT, IN_SPACE, Matrix, Release

SETTING = Setting()
N = SETTING.molecules
LEVELS = np.array([0.3, 1.0, 3.4, 10.0]) * NANOMOLAR
SLOPE = np.full(4, SETTING.threshold)


# ---- the published table ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("nanomolar", "published"), [(100, 250), (1000, 2500), (10_000, 25_000)])
def test_molecules_in_a_vesicle(nanomolar, published):
    assert budget.molecules_in_vesicle(2.0, nanomolar * NANOMOLAR) == pytest.approx(published, rel=0.02)  # two digits


@pytest.mark.parametrize(("r", "published", "half_digit"), [(5, 2.5, 0.05), (10, 0.31, 0.005), (20, 0.04, 0.005)])
def test_peak_of_a_burst(r, published, half_digit):
    """With the unrounded 2,522 molecules; 2,500 would give 2.44 nM at 5 um."""
    assert budget.burst_peak(N, r) / NANOMOLAR == pytest.approx(published, abs=half_digit)
    assert budget.burst_peak(1.0, r) * r**3 == pytest.approx(0.0736, abs=5e-5)


def test_time_of_the_peak():
    assert budget.peak_time(10.0, 100.0) == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(
    ("d", "rate", "half_digit", "life", "half_life"), [(100, 605, 0.5, 4, 0.5), (1, 6, 0.5, 420, 30)]
)
def test_leak_that_keeps_up_the_threshold_and_how_long_the_store_lasts(d, rate, half_digit, life, half_life):
    needed = budget.rate_for_gradient(SETTING.threshold, 20.0, d)
    assert needed == pytest.approx(rate, abs=half_digit)
    assert budget.store_life(N, needed) == pytest.approx(life, abs=half_life)  # 4 s, 7 min
    assert budget.steady_gradient(needed, 20.0, d) == pytest.approx(SETTING.threshold, rel=1e-12)


def test_what_a_cell_can_tell():
    r = SETTING.receptors
    assert budget.occupancy_difference(LEVELS, SLOPE, r) == pytest.approx([31, 22, 9, 2], abs=0.5)
    assert budget.snapshot_noise(LEVELS, r) == pytest.approx([43, 66, 79, 69], abs=0.5)
    found = budget.signal_to_noise(LEVELS, SLOPE, r)
    assert found == pytest.approx([2.5, 1.3, 0.55, 0.23], abs=0.05)
    assert found[2:] == pytest.approx([0.55, 0.23], abs=0.005)
    assert np.divide(found, budget.averaging_gain(LEVELS, r)) == pytest.approx([0.7, 0.33, 0.12, 0.03], abs=0.02)


def test_one_nanomolar_is_what_it_is_elsewhere():
    assert units.MOLECULES_PER_UM3_AND_NANOMOLAR == NANOMOLAR


def test_no_signal_without_cue():
    assert budget.signal_to_noise(np.zeros(2), np.zeros(2), Receptors()) == pytest.approx([0.0, 0.0])


def test_bound_affinity_of_the_notes():
    """K_2D = 3.4 nM x 20 nm = 0.04 per um2; 2,500 molecules on a disc of 10 um are 8 per um2, 200 times that."""
    assert SETTING.receptors.affinity * 0.02 == pytest.approx(0.04, abs=0.005)
    patch = 2500 / (math.pi * 10**2)
    assert patch == pytest.approx(8, abs=0.5)
    assert patch / (SETTING.receptors.affinity * 0.02) == pytest.approx(200, rel=0.05)
    assert budget.bound_occupancy(0.04, 3.4 * NANOMOLAR) == pytest.approx(0.5, abs=0.01)


# ---- closed forms against quadrature ----------------------------------------------------------------------------
@pytest.mark.parametrize("k", [3e-4, 0.03, 3.0])
@pytest.mark.parametrize("t", [0.3, 10.0, 600.0])
def test_leak_is_its_source_convolved_with_bursts(k, t):
    def integrand(age):
        return budget.leak_source(N, k, t - age) * budget.burst(1.0, 10.0, age, 100.0)

    expected = quad(integrand, 0, t, points=[min(1.0, t / 2)], limit=400, epsabs=0, epsrel=1e-10)[0]
    assert budget.leak_field(N, k, 10.0, t, 100.0) == pytest.approx(expected, rel=1e-7)


def test_slit_source_is_bursts_added_up():
    def integrand(age, decay):
        return budget.slit_burst(1.0, 20.0, age, 100.0, 5.0, decay)

    grown = quad(integrand, 0, 500.0, args=(0.0,), points=[1.0, 10.0], limit=400)[0]
    assert budget.slit_source_growing(1.0, 20.0, 500.0, 100.0, 5.0) == pytest.approx(grown, rel=1e-7)
    log_age = quad(lambda x: math.exp(x) * integrand(math.exp(x), 1 / 60), -5, 8, limit=400)[0]
    assert budget.slit_source(1.0, 20.0, 100.0, 5.0, 1 / 60) == pytest.approx(log_age, rel=1e-7)


def test_slit_raises_a_source_by_distance_over_height():
    """Against a source on a dish the gradient between two plates is r/h times as steep (systems.md 3a, point 4 d)."""
    r, h = 20.0, 5.0
    step = 1e-3
    c = budget.slit_source_growing(1.0, np.array([r - step, r + step]), 1e9, 100.0, h)
    steep = (c[0] - c[1]) / (2 * step)
    assert steep / budget.steady_gradient(1.0, r, 100.0, budget.ON_DISH) == pytest.approx(r / h, rel=1e-4)
    peak = budget.slit_burst_peak(1.0, r, h)
    assert peak == pytest.approx(budget.slit_burst(1.0, r, budget.peak_time(r, 100.0, 2), 100.0, h), rel=1e-12)


def test_no_leak_holds_a_gradient_longer_than_the_longest():
    longest, best = budget.longest_leak(N, SETTING.threshold, 20.0, 1.0)
    needed = budget.rate_for_gradient(SETTING.threshold, 20.0, 1.0)
    rates = best * np.geomspace(0.01, 100, 4001)
    held = np.log(np.maximum(rates * N / needed, 1.0)) / rates
    assert held.max() == pytest.approx(longest, rel=1e-5)
    assert rates[held.argmax()] == pytest.approx(best, rel=3e-3)  # the steps of the scan


def test_patch_in_a_layer_obeys_its_equation():
    """All that is given decays somewhere; level and slope are smooth at the rim."""
    a, d, h, k = 100.0, 100.0, 5.0, 1 / 600
    r = np.linspace(0, 4000, 80_001)
    c = budget.patch_in_layer(0.01, a, r, d, h, k)
    assert np.trapezoid(2 * np.pi * r * h * k * c, r) == pytest.approx(0.01 * math.pi * a**2, rel=1e-5)
    slope = np.gradient(c, r)
    near = (r > 99.9) & (r < 100.1)
    assert np.ptp(c[near]) < 1e-3 * c[0]
    assert np.ptp(slope[near]) < 2e-2 * abs(slope[near].mean())


def test_one_ligand_serves_one_receptor():
    r = SETTING.receptors
    scarce = budget.complexes(1.0, r.affinity, r.per_area)
    assert scarce == pytest.approx(1.0, abs=2e-3)  # of 80 receptors per um2, not 0.96 of them
    plenty = budget.complexes(1e5, r.affinity, r.per_area)
    assert plenty / r.per_area == pytest.approx(budget.bound_occupancy(1e5, r.affinity), rel=1e-3)


# ---- the table from the field solvers ---------------------------------------------------------------------------
def test_burst_on_a_grid():
    """Peaks and their times at 5, 10 and 20 um. A source of two voxels is 1 % low at 5 um; times are 5 % apart."""
    grid = spread.corner_grid(40.0, 64)
    times = np.geomspace(0.02, 2.0, 95)
    course = spread.follow(grid, IN_SPACE, Release(molecules=N), 100.0, 0.0, times)
    for r in (5.0, 10.0, 20.0):
        column = np.exp(
            [np.interp(math.log(r), np.log(course.distance), np.log(np.maximum(row, 1e-300))) for row in course.now]
        )
        assert column.max() == pytest.approx(budget.burst_peak(N, r), rel=0.02)
        assert times[column.argmax()] == pytest.approx(budget.peak_time(r, 100.0), rel=0.05)


@pytest.mark.parametrize(("d", "published"), [(100.0, 605.0), (1.0, 6.05)])
def test_steady_source_on_a_grid_needs_the_published_release(d, published):
    grid = spread.corner_grid(80.0, 80)
    row = spread.steady_row(grid, IN_SPACE * spread.at_corner(grid), d, 0.0)
    per_molecule = np.interp(20.0, spread.floor_distance(grid), felt.fall(row, spread.floor_distance(grid)))
    assert SETTING.threshold / per_molecule == pytest.approx(published, rel=0.02)  # the cube's walls: (20/80)^3


def test_half_space_doubles():
    grid = spread.corner_grid(40.0, 40)
    free, dish = (
        spread.follow(grid, share, Release(molecules=N), 100.0, 0.0, np.array([1.0])).now[0]
        for share in (IN_SPACE, spread.ON_DISH)
    )
    assert dish == pytest.approx(2 * free, rel=1e-12)
    assert free[10] == pytest.approx(budget.burst(N, math.hypot(10.5, math.sqrt(0.5)), 1.0, 100.0), rel=0.01)


def test_burst_and_source_in_a_slit_on_a_grid():
    grid = spread.corner_grid(160.0, 160, height=5.0)
    r = spread.floor_distance(grid)
    times = np.array([1.0, 2.0, 5.0])
    course = spread.follow(grid, IN_SLIT, Release(molecules=N), 100.0, 0.0, times)
    for t, row in zip(times, course.now, strict=True):
        assert row[5:20] == pytest.approx(budget.slit_burst(N, r[5:20], t, 100.0, 5.0), rel=0.02)  # voxel^2 r^2/(Dt)^2
    row = spread.steady_row(grid, IN_SLIT * spread.at_corner(grid), 100.0, 0.25)
    assert row[5:40] == pytest.approx(budget.slit_source(1.0, r[5:40], 100.0, 5.0, 0.25), rel=0.02)


def test_leak_on_a_grid_follows_the_convolution():
    grid = spread.corner_grid(64.0, 64)
    times = spread.log_times(grid, 100.0, 40.0, 90)
    course = spread.follow(grid, spread.ON_DISH, Release(molecules=N, rate=0.1), 100.0, 0.0, times)
    for n in (55, 75):  # 2 s and 13 s: the front of the first second is steep for a voxel
        exact = budget.leak_field(N, 0.1, course.distance[5:15], times[n], 100.0, budget.ON_DISH)
        assert course.now[n, 5:15] == pytest.approx(exact, rel=0.03)


def test_mean_over_the_averaging_time_is_a_mean():
    grid = spread.corner_grid(48.0, 48, height=5.0)
    times = np.linspace(0.25, 12.0, 48)
    course = spread.follow(grid, IN_SLIT, Release(molecules=N, rate=0.5), 100.0, 0.0, times)
    by_hand = np.trapezoid(course.now[31:, 8], times[31:]) / 4.0  # from 8 to 12 s
    assert course.mean(4.0)[-1, 8] == pytest.approx(by_hand, rel=2e-3)


def test_patch_in_a_layer_on_a_grid():
    grid = spread.corner_grid(600.0, 120, height=5.0)
    r = spread.floor_distance(grid)
    row = spread.steady_row(grid, 0.01 * spread.patch_source(grid, 100.0), 100.0, 1 / 100)
    inside = (r > 10) & (r < 300)
    expected = budget.patch_in_layer(0.01, 100.0, r[inside], 100.0, 5.0, 1 / 100)
    assert row[inside] == pytest.approx(expected, rel=0.02)


# ---- a matrix ---------------------------------------------------------------------------------------------------
QUICK = Matrix(sites=1e4 * NANOMOLAR, on_rate=reach.VEGF_ON, off_rate=1e-2)


def test_matrix_spreads_with_the_effective_diffusivity():
    """Once bound and free are in balance the pair is a burst with D_eff; loss is that of the free share."""
    grid = spread.corner_grid(120.0, 60)
    quicker = replace(QUICK, on_rate=10 * QUICK.on_rate, off_rate=10 * QUICK.off_rate)
    course = spread.follow_in_matrix(grid, IN_SPACE, N, 100.0, 0.0, quicker, np.array([1500.0]))
    slow = effective_diffusivity(100.0, QUICK.sites, QUICK.half)
    expected = budget.burst(N, course.distance[5:20], 1500.0, slow)
    assert course.bound[0, 5:20] + course.free[0, 5:20] == pytest.approx(expected, rel=0.03)  # 2/(k_off t), a few hops
    assert course.share[0] == pytest.approx(1 / (1 + QUICK.half / QUICK.sites), rel=2e-3)


def test_exact_matrix_equals_split_steps_that_are_short():
    grid = spread.corner_grid(60.0, 30)
    times = np.arange(1, 401) * 0.05
    split = spread.follow_bound(grid, IN_SPACE, N, 100.0, 0.0, QUICK, times)
    exact = spread.follow_in_matrix(grid, IN_SPACE, N, 100.0, 0.0, QUICK, times[-1:])
    assert split.bound[-1, 3:15] == pytest.approx(
        exact.bound[0, 3:15], rel=0.05
    )  # first order in the step near the source


def test_half_the_load_moves_the_edge_and_halves_what_is_held():
    """The notes ask whether half the load moves the edge and not the plateau: true of b/(b + K h), not of receptors."""
    name = "inside a dense matrix, rates of VEGF"
    whole, half = (felt.plateau(reach.follow_matrix(SETTING, name, load, 600.0), 60.0, SETTING) for load in (1.0, 0.5))
    assert whole.edge > 1.15 * half.edge
    assert 0 < whole.occupancy - half.occupancy < 0.1
    assert half.held / whole.held == pytest.approx(0.5, abs=0.02)
    assert half.touched / whole.touched == pytest.approx(0.5, abs=1e-6)  # binding is linear there


# ---- who feels it -----------------------------------------------------------------------------------------------
def test_one_migrasome_sustains_no_free_gradient():
    """Not asserted but found: whatever the permeability, 20 um away it lasts no longer than the cell's own memory."""
    rows = reach.follow_leaks(SETTING, (1e-4, 1e-2, 1.0), (1.0,))[0]
    assert all(f.felt.lasts_at_station == 0 for f in rows)
    assert max(f.felt.lasts for f in rows) < 2 * SETTING.receptors.averaging
    # The bound of expected_reach: N/(4 pi D r^2 T) on a dish is the threshold at 7.4 um
    assert max(f.felt.reach for f in rows) < 1.05 * 7.4


def test_many_together_do():
    patch = reach.follow_patch(SETTING, height=5.0)
    low, high = reach.felt_ring(patch, 3 * patch.needed, SETTING)
    assert low < patch.radius < patch.radius + felt.STATION < high
    assert reach.felt_ring(patch, 0.1 * patch.needed, SETTING) == (0.0, 0.0)


def test_slit_reaches_farther_and_a_cavity_loses_the_direction():
    dish = reach.follow_bursts(SETTING, (1.0,))[0].felt.reach
    low, high = (f.felt.reach for f in reach.follow_slits(SETTING, (2.0, 5.0)))
    assert low > high > dish
    cavity = reach.follow_cavity(SETTING, last=600.0)
    volume = math.pi / 4 * 200 * 100 * 10
    assert cavity.level[0] == pytest.approx(N / volume, rel=0.02)  # voxels of the rim
    assert cavity.lost == pytest.approx(1 - math.exp(-600 / 3600), rel=1e-4)
    assert cavity.steepest[-1] < 1e-6 * cavity.steepest.max()


def test_outermost_and_time_above():
    r = np.geomspace(1, 100, 60)
    assert felt.outermost(r, (17.0 / r) ** 2) == pytest.approx(17.0, rel=1e-9)  # a power law is exact
    assert felt.outermost(r, 0.5 / r) == 0.0
    assert felt.outermost(r, np.full(60, 2.0)) == 100.0
    t = np.geomspace(0.1, 1000, 80)
    assert felt.time_above(t, np.exp(-((t - 50) ** 2) / 800) / math.exp(-0.5)) == pytest.approx(40.0, rel=0.05)


def test_decay_quicker_than_a_voxel_is_refused():
    with pytest.raises(RequestError, match="diffusion length"):
        reach.follow_bursts(replace(SETTING, decay=1e4))
