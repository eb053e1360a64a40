"""What receptors and averaging do to a gradient: numbers of the notes, exact laws, limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from migralab.core.random import child_key_array, stream_key
from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR as NM
from migralab.physics.recipients import chemotaxis, guidance, receptors, surface
from migralab.physics.signals import budget

R, K, KR, LENGTH, T = 25_000.0, 3.4 * NM, 0.37, 10.0, 60.0
LEVELS = np.array([0.3, 1.0, 3.4, 10.0]) * NM
STEEP = 0.002 * NM
STREAM = stream_key("test")


def sensed_at(level, gradient, surface=None, antagonist=0.0, diffusivity=0.0):
    c = np.atleast_1d(np.asarray(level, float))
    s = np.full(c.shape, R) if surface is None else np.broadcast_to(np.asarray(surface, float), c.shape)
    g = np.column_stack([np.broadcast_to(gradient, c.shape), np.zeros_like(c)])
    difference = receptors.halves(s, c, g, K, LENGTH, antagonist)
    noise = receptors.noise_of(s, c, receptors.occupancy(c, K, antagonist), KR, diffusivity, LENGTH)
    return chemotaxis.Sensed(difference, *noise)


# ---- the numbers of the evidence (model-notes 10) ---------------------------------------------------------------
def test_difference_of_the_halves_and_its_noise_are_those_of_the_notes():
    sensed = sensed_at(LEVELS, STEEP)
    np.testing.assert_array_equal(np.rint(sensed.difference[:, 0]), [31, 22, 9, 2])
    np.testing.assert_array_equal(np.rint(sensed.snapshot), [43, 66, 79, 69])
    np.testing.assert_allclose(sensed.difference[:, 0] / sensed.snapshot, [0.7, 0.33, 0.12, 0.03], atol=0.02)
    linear = receptors.halves_linear(R, LEVELS, STEEP, K, LENGTH)
    np.testing.assert_allclose(sensed.difference[:, 0], linear, rtol=1e-4)  # (g l/4 / (K + c))^2


def test_after_averaging_a_minute_the_ratios_are_those_of_the_notes():
    sensed = sensed_at(LEVELS, STEEP)
    ratio = chemotaxis.signal_to_noise(sensed.difference[:, 0], sensed.snapshot, sensed.memory, sensed.arrival, T)
    # Finite T: sqrt(1 + T/2 tau) for sqrt(T/2 tau); the table is rounded
    np.testing.assert_allclose(ratio, [2.5, 1.3, 0.55, 0.23], rtol=0.06)
    cell = budget.Receptors()
    np.testing.assert_allclose(ratio, budget.signal_to_noise(LEVELS, STEEP, cell), rtol=0.05)


def test_the_multiplier_tends_to_the_root_of_t_over_two_tau():
    sensed = sensed_at(LEVELS, STEEP)
    for averaging, tolerance in ((60.0, 0.05), (6000.0, 6e-4)):
        ratio = chemotaxis.signal_to_noise(1.0, sensed.snapshot, sensed.memory, sensed.arrival, averaging)
        expected = np.sqrt(averaging / (2 * sensed.memory)) / np.hypot(sensed.snapshot, chemotaxis.FLOOR)
        np.testing.assert_allclose(ratio, expected, rtol=tolerance)


def test_noise_of_arrival_is_that_of_berg_and_purcell():
    sensed = sensed_at(LEVELS, STEEP, diffusivity=100.0)
    none = np.zeros(4)
    linear = receptors.halves_linear(R, LEVELS, STEEP, K, LENGTH)
    alone = linear / np.sqrt(sensed.arrival / T)  # variance of a white noise behind a filter of T/2
    expected = budget.arrival_signal_to_noise(LEVELS, STEEP, 100.0, budget.Receptors())
    np.testing.assert_allclose(alone, expected, rtol=1e-12)
    both = chemotaxis.signal_to_noise(linear, sensed.snapshot, sensed.memory, sensed.arrival, T)
    receptor = chemotaxis.signal_to_noise(linear, sensed.snapshot, sensed.memory, none, T)
    np.testing.assert_allclose(1 / both**2, 1 / receptor**2 + 1 / alone**2, rtol=1e-12)


# ---- the bath ---------------------------------------------------------------------------------------------------
def test_a_bath_kills_direction_through_the_receptors_with_the_gradient_unchanged():
    """K/(K+c)^2 is the whole effect: half at a bath of (sqrt 2 - 1)(K + c), an eleventh of the free share at 10 K."""
    local = 0.3 * NM
    alone = sensed_at(local, STEEP).difference[0, 0]
    half = (np.sqrt(2) - 1) * (K + local)
    np.testing.assert_allclose(sensed_at(local + half, STEEP).difference[0, 0], alone / 2, rtol=1e-4)
    bathed = sensed_at(local + 10 * K, STEEP).difference[0, 0]
    np.testing.assert_allclose(bathed, alone * ((K + local) / (11 * K + local)) ** 2, rtol=1e-4)


def test_ratio_against_a_bath_falls_as_the_closed_form():
    """SNR = sqrt(R T k_r/2) (l/4) g / sqrt(c (K + c)), so its half lies where c(K + c) has grown fourfold."""
    c = np.geomspace(0.1, 100, 30) * NM
    sensed = sensed_at(c, STEEP)
    ratio = chemotaxis.signal_to_noise(sensed.difference[:, 0], sensed.snapshot, sensed.memory, sensed.arrival, 6000.0)
    closed = np.sqrt(R * 6000.0 * KR / 2) * LENGTH / 4 * STEEP / np.sqrt(c * (K + c))
    np.testing.assert_allclose(ratio, closed, rtol=2e-3)  # finite T, the floor of one receptor
    for local, bath in ((1e-3 * K, 3 * 1e-3 * K), (K, 0.69 * 2 * K), (1e3 * K, 1e3 * K)):
        at_half = (-K + np.sqrt(K**2 + 16 * local * (K + local))) / 2
        assert at_half - local == pytest.approx(bath, rel=0.01)  # near K + c only where c is about K


def test_an_antagonist_kills_direction_without_taking_receptors_in():
    traffic = receptors.Traffic(0.79 / 60, 0.0, 0.04 / 60)
    blocked = receptors.occupancy(LEVELS, K, 100.0)
    np.testing.assert_allclose(blocked, LEVELS / (101 * K + LEVELS))
    surface = receptors.internalise(np.full(4, R), R, blocked, traffic, 600.0)
    free = receptors.internalise(np.full(4, R), R, receptors.occupancy(LEVELS, K), traffic, 600.0)
    assert (surface > 0.75 * R).all()
    assert free[-1] < 0.1 * R
    low = LEVELS[:2]  # where ligand is scarce, all that counts is how many receptors are free
    np.testing.assert_allclose(
        sensed_at(low, STEEP, antagonist=100.0).difference[:, 0] / sensed_at(low, STEEP).difference[:, 0],
        ((K + low) / K) ** 2 / 101, rtol=0.01,
    )  # fmt: skip
    # A competitor also lowers the noise, so the ratio falls by its root only
    for a in (0.0, 100.0):
        sensed = sensed_at(low, STEEP, antagonist=a)
        ratio = chemotaxis.signal_to_noise(sensed.difference[:, 0], *sensed[1:], 6000.0)
        closed = np.sqrt(R * 6000.0 * KR / 2) * LENGTH / 4 * STEEP / np.sqrt(low * (K * (1 + a) + low))
        np.testing.assert_allclose(ratio, closed, rtol=0.06)  # with 2 receptors noise the floor of one is felt


# ---- traffic ----------------------------------------------------------------------------------------------------
def test_traffic_is_exact_and_its_step_does_not_show():
    traffic = receptors.Traffic(0.79 / 60, 0.1 / 60, 0.04 / 60)
    p = np.array([0.0, 0.3, 1.0])
    start = np.array([R, 0.4 * R, 0.0])
    once = receptors.internalise(start, R, p, traffic, 3600.0)
    many = start
    for _ in range(60):
        many = receptors.internalise(many, R, p, traffic, 60.0)
    np.testing.assert_allclose(once, many, rtol=1e-12)

    def law(_, s):
        return -(0.79 / 60 * p + 0.1 / 60) * s + 0.04 / 60 * (R - s)

    exact = solve_ivp(law, (0, 3600.0), start, rtol=1e-10, atol=1e-6).y[:, -1]
    np.testing.assert_allclose(once, exact, rtol=1e-7)
    np.testing.assert_array_equal(receptors.internalise(start, R, p, receptors.Traffic(0.0, 0.0, 0.0), 60.0), start)


def test_under_ligand_nearly_all_receptors_are_inside_in_minutes_and_back_in_a_quarter_of_an_hour():
    """FIG, BMC Cell Biol 15:15: half times 0.88 min in, 17 min out; 5 % stay at the surface."""
    traffic = receptors.Traffic(0.79 / 60, 0.0, 0.04 / 60)
    full = receptors.settle(R, 1.0, traffic)
    assert full / R == pytest.approx(0.048, abs=0.001)
    after = receptors.internalise(np.array([R]), R, 1.0, traffic, 0.88 * 60)
    assert after[0] / R == pytest.approx(0.5, abs=0.03)
    back = receptors.internalise(np.array([0.0]), R, 0.0, traffic, np.log(2) / 0.04 * 60)
    assert back[0] == pytest.approx(R / 2)
    assert np.log(2) / 0.04 == pytest.approx(17.3, abs=0.05)


def test_after_a_wash_saturated_receptors_recover_at_once_and_internalised_ones_slowly():
    local, bath, wash = 0.3 * NM, 50 * NM, 600.0
    for k_in, expected in ((0.0, 1.0), (0.79 / 60, None)):
        traffic = receptors.Traffic(k_in, 0.0, 0.04 / 60)
        before = receptors.settle(R, receptors.occupancy(local, K), traffic)
        bathed = receptors.occupancy(local + bath, K)
        inside = receptors.internalise(np.array([float(before)]), R, bathed, traffic, 3600.0)
        soon = receptors.internalise(inside, R, receptors.occupancy(local, K), traffic, wash)
        share = (
            sensed_at(local, STEEP, surface=soon).difference[0, 0]
            / sensed_at(local, STEEP, surface=before).difference[0, 0]
        )
        if expected is not None:
            assert share == pytest.approx(expected)  # the signal is there with the ligand: memory is 2 s
        else:
            assert 0.3 < share < 0.7  # ten minutes are not enough


def test_what_goes_inside_is_what_the_medium_loses():
    surface = np.array([R, 5000.0])
    cleared = receptors.scavenging(surface, LEVELS[:2], K, 0.79 / 60)
    taken = 0.79 / 60 * surface * receptors.occupancy(LEVELS[:2], K)
    np.testing.assert_allclose(cleared * LEVELS[:2], taken)
    np.testing.assert_allclose(receptors.scavenging(surface, 0.0, K, 0.79 / 60), 0.79 / 60 * surface / K)


# ---- a bound cue ------------------------------------------------------------------------------------------------
def test_in_two_dimensions_half_occupancy_is_at_a_twentyfifth_per_um2():
    half = K * surface.CLEFT
    assert half == pytest.approx(0.04, abs=0.002)
    assert receptors.occupancy(K * surface.CLEFT / surface.CLEFT, K) == pytest.approx(0.5)


def test_half_the_load_of_a_saturating_patch_moves_its_edge_and_not_its_plateau():
    """2,500 molecules over a disc of 10 um are 8 per um2, 200 K_2D: the middle stays full, the edge comes nearer."""
    x = np.linspace(0.0, 60.0, 1201)
    density = 8.0 * np.exp(-((x / 10.0) ** 2))
    full, half = (receptors.occupancy(load * density / surface.CLEFT, K) for load in (1.0, 0.5))
    over = 8.0 / (K * surface.CLEFT)
    assert over == pytest.approx(200, rel=0.03)
    assert half[0] / full[0] == pytest.approx(1.0, abs=0.01)
    edges = [x[np.argmin(np.abs(p - 0.5))] for p in (full, half)]
    # exp(-r^2/100) x 8 load = K_2D
    expected = [10 * np.sqrt(np.log(8.0 * load / (K * surface.CLEFT))) for load in (1.0, 0.5)]
    np.testing.assert_allclose(edges, expected, atol=0.1)
    assert edges[0] - edges[1] > 1.0
    # Direction comes from the edge
    for load in (1.0, 0.5):
        c = load * density / surface.CLEFT
        slope = np.column_stack([np.gradient(c, x), np.zeros_like(x)])
        signal = -receptors.halves(np.full(len(x), R), c, slope, K, LENGTH)[:, 0]
        assert abs(x[np.argmax(signal)] - expected[int(load == 0.5)]) < 5.0
        assert signal[0] < 0.01 * signal.max()


# ---- ligand on surfaces -----------------------------------------------------------------------------------------
def test_pairs_solve_their_equation_and_are_limited_by_the_scarcer():
    rng = np.random.default_rng(2)
    rho, sigma, k = 10 ** rng.uniform(-4, 4, (3, 1000))
    x = surface.pair_density(rho, sigma, k)
    np.testing.assert_allclose((rho - x) * (sigma - x), k * x, rtol=1e-6, atol=1e-9)
    assert (x <= np.minimum(rho, sigma)).all()
    assert surface.pair_density(0.0, 0.0, 0.0) == 0.0
    assert surface.pair_density(80.0, 1e-3, 0.04) == pytest.approx(1e-3, rel=1e-3)  # ligand scarce: nearly all bound
    assert surface.pair_density(1e-3, 8.0, 0.04) == pytest.approx(1e-3 * 8 / 8.04, rel=1e-4)  # receptors scarce: law


def test_what_is_held_cannot_exceed_what_is_there_and_points_to_it():
    patch = surface.Patch(np.array([90.0, 90.0, 0.0]), np.array([1.0, 1.0, 0.0]), np.array([[90.0, 0], [0, 0], [0, 0]]))
    held = surface.hold(patch, np.full(3, 80.0), np.full(3, 0.04), np.zeros(3))
    assert (held.pairs <= 90.0).all()
    # All before it: half a square micrometre with 180 per um2 over 80 receptors; around it: 90 over 80 everywhere
    np.testing.assert_allclose(held.difference[0], [40.0, 0.0], atol=0.1)
    np.testing.assert_allclose(held.pairs[:2], [40.0, 80.0], atol=0.5)
    assert not held.difference[1:].any()
    assert held.pairs[2] == held.variance[2] == 0.0
    hidden = surface.hold(patch, np.full(3, 80.0), np.full(3, 0.04), np.full(3, 0.97))
    np.testing.assert_allclose(hidden.difference, 0.03 * held.difference)


# ---- averaging --------------------------------------------------------------------------------------------------
def run_averaging(sensed, dt, ticks, cells, seed=1):
    n = cells
    keys = child_key_array(np.full(n, seed, np.uint64), STREAM, np.arange(n, dtype=np.uint64))
    wide = chemotaxis.Sensed(np.tile(sensed.difference, (n, 1)), *(np.repeat(part, n) for part in sensed[1:]))
    noise, filtered, ratio = np.zeros((n, 2)), np.zeros((n, 2)), np.empty((n, 2))
    for count in range(ticks):
        chemotaxis.average(noise, filtered, *wide, np.ones(n, bool), keys, STREAM, count, T / 2, dt, ratio)
        yield noise, filtered, ratio


@pytest.mark.parametrize("dt", [1.0, 15.0, 60.0, 300.0])
@pytest.mark.parametrize("diffusivity", [0.0, 100.0])
def test_the_filtered_signal_has_its_mean_and_its_noise_at_any_step(dt, diffusivity):
    """5 % of 20,000 draws of a variance: off by chance in less than 1 of 10^6 (its own spread is 1 %)."""
    sensed = sensed_at(LEVELS[1:2], STEEP, diffusivity=diffusivity)
    cells = 10_000
    *_, (_, filtered, _) = run_averaging(sensed, dt, int(600 / dt) + 1, cells)
    scale = np.hypot(sensed.snapshot[0], chemotaxis.FLOOR)
    variance = chemotaxis.settled_noise(sensed.snapshot[0], sensed.memory[0], sensed.arrival[0], T / 2)
    variance -= sensed.memory[0] / (sensed.memory[0] + T / 2)  # the floor is no noise
    assert filtered[:, 0].mean() * scale == pytest.approx(sensed.difference[0, 0], abs=5 * np.sqrt(variance / cells))
    assert np.var(filtered, axis=0).mean() * scale**2 == pytest.approx(variance, rel=0.05)
    # Mean and spread of the ratio over a long time do not know the step
    assert (
        chemotaxis.signal_to_noise(*(part.ravel()[0] for part in sensed), T)
        == pytest.approx(filtered[:, 0].mean() * scale / np.sqrt(variance), rel=0.1)
    )  # fmt: skip


def test_the_turn_in_ten_minutes_has_the_same_spread_at_any_step():
    """The heading turns by the integral of the ratio; at 1 and at 60 s its variance differs by less than chance."""
    sensed = sensed_at(LEVELS[1:2], 0.0)
    spread = []
    for dt in (2.0, 60.0, 300.0):
        turned = np.zeros((4000, 2))
        for count, (_, _, ratio) in enumerate(run_averaging(sensed, dt, int(1200 / dt), 4000)):
            if count * dt >= 600:
                turned += dt * ratio
        spread.append(turned.var())
    memory = sensed.memory[0]
    # The correlation of two filters in a row, twice integrated over 600 s
    a, k = 1 / memory, 2 / T
    lag = np.linspace(0, 600, 60_001)
    correlation = (k * np.exp(-a * lag) - a * np.exp(-k * lag)) / (k - a)
    exact = 2 * np.trapezoid((600 - lag) * correlation, lag)
    np.testing.assert_allclose(spread, exact, rtol=0.06)  # 8,000 draws: 1.6 % each, three of them


def test_without_ligand_nothing_turns():
    sensed = sensed_at(np.zeros(1), 0.0, diffusivity=100.0)
    for _, _, ratio in run_averaging(sensed, 60.0, 20, 50):
        np.testing.assert_array_equal(ratio, 0.0)


def test_noise_of_a_step_grows_as_its_differential_law_says():
    """Covariances against the Lyapunov equation, integrated numerically."""
    tau, theta = 2.3, 30.0
    drift = np.array([[-1 / tau, 0, 0], [1 / theta, -1 / theta, 0], [0, 1, 0]])
    for kick, law in (
        ((np.sqrt(2 / tau), 0, 0), lambda dt: chemotaxis.spread_of_step(tau, theta, dt)),
        ((0, 1 / theta, 0), lambda dt: (0.0, 0.0, 0.0, *chemotaxis.white_spread(theta, dt))),
    ):
        noise = np.outer(kick, kick)

        def grow(_, c, noise=noise):
            c = c.reshape(3, 3)
            return (drift @ c + c @ drift.T + noise).ravel()

        for dt in (1.0, 60.0, 900.0):
            c = solve_ivp(grow, (0, dt), np.zeros(9), rtol=1e-10, atol=1e-14).y[:, -1].reshape(3, 3)
            expected = [c[0, 0], c[0, 1], c[0, 2], c[1, 1], c[1, 2], c[2, 2]]
            np.testing.assert_allclose(law(dt), expected, rtol=1e-6, atol=1e-12)


# ---- trails -----------------------------------------------------------------------------------------------------
def test_weight_saturates_with_length_and_crossing_fibres_cancel():
    def lie(*angles, length):
        angles = np.array(angles)
        nematic = np.array([[length * np.cos(2 * angles).sum(), length * np.sin(2 * angles).sum()]])
        return guidance.axis_and_weight(nematic, np.array([length * len(angles)]), 20.0)

    unit, weight = lie(0.7, length=20.0)
    np.testing.assert_allclose(np.abs(unit[0]), np.abs([np.cos(0.7), np.sin(0.7)]))
    assert weight[0] == pytest.approx(0.5)
    assert lie(0.7, 0.7 + np.pi, length=1e4)[1][0] == pytest.approx(1.0, abs=2e-3)  # fibres have no sign
    assert lie(0.2, 0.2 + np.pi / 2, length=50.0)[1][0] == pytest.approx(0.0, abs=1e-12)
    unit, weight = guidance.axis_and_weight(np.zeros((1, 2)), np.zeros(1), 20.0)
    assert (unit == 0).all()
    assert weight[0] == 0.0


def test_alignment_turns_to_the_nearer_end_of_the_axis():
    unit = np.array([[1.0, 0.0]])
    for angle in (0.4, np.pi - 0.4, np.pi + 0.4, -0.4):
        heading = np.array([[np.cos(angle), np.sin(angle)]])
        b = guidance.align(heading, unit, np.array([0.01]))
        turn = heading[0, 0] * b[0, 1] - heading[0, 1] * b[0, 0]
        assert turn == pytest.approx(-0.005 * np.sin(2 * angle))  # d theta/dt = -(w/2) sin 2(theta - phi)


def test_own_and_broken_and_distant_fibres_do_not_guide():
    x = np.array([0.0, 4.0, 0.0, 0.0], np.float32)
    y = np.array([1.0, 1.0, 0.0, 6.0], np.float32)
    parent = np.array([1, -1, 3, -1], np.int32)
    maker = np.array([1, 1, 2, 2], np.int32)
    place = np.zeros((4, 2))
    dish = np.array([0, 0, 0, 1])

    def under(who, breaks=(np.nan,) * 4, reach=10.0):
        stretches = guidance.Stretches(x, y, parent, maker, np.array(breaks, np.float32))
        nematic, length = guidance.fibres_under(place, dish, np.ones(4, bool), reach, 100.0, stretches)
        return nematic[who], length[who]

    assert under(0)[1] == pytest.approx(10.0)
    np.testing.assert_allclose(under(0)[0], [4.0 - 6.0, 0.0], atol=1e-12)
    assert under(1)[1] == pytest.approx(6.0)
    assert under(0, (50.0, np.nan, 150.0, np.nan))[1] == pytest.approx(6.0)
    assert under(0, reach=2.9)[1] == pytest.approx(4.0)
    assert under(3)[1] == 0.0
