"""What must hold for any tables: order of rows, scale, ids and copies of cells change nothing that they should not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migralab.measure import Readout, Readouts, combine, measure
from migralab.measure.observer import OBSERVERS
from migralab.measure.observer import look as look_through
from migralab.measure.power import count_cells_needed, find_power
from migralab.measure.statistics.negative_binomial import find_shape
from migralab.measure.statistics.survival import estimate_survival
from tests.unit.measure.made import observe

COUNTS = st.lists(st.integers(0, 12), min_size=2, max_size=12)
IDS = (
    "count.per_cell", "count.per_100um_intact", "count.positive_cells", "dispersion.variance_to_mean", "dispersion.k",
    "diameter.mean", "diameter.sd", "diameter.median", "attached.share", "rear.median_distance",
)  # fmt: skip


def dish(counts, seed, *, order=None, ids=None, scale=1.0):
    """Return cells with the given counts; rows may be shuffled, cells renamed, lengths scaled."""
    rng = np.random.default_rng(seed)
    n = len(counts)
    names = np.arange(n) if ids is None else np.asarray(ids)
    owner = np.repeat(np.arange(n), counts)
    total = len(owner)
    table = {
        "frame": np.zeros(total, int), "migrasome_id": np.arange(total), "cell_id": names[owner],
        "diameter_um": scale * rng.uniform(0.4, 2.5, total), "attached": rng.random(total) < 0.5,
        "rear_distance_um": scale * rng.uniform(0, 200, total),
    }  # fmt: skip
    if order is not None:
        table = {name: column[np.argsort(order[:total], kind="stable")] for name, column in table.items()}
    return observe(
        cells={"frame": [0] * n, "cell_id": names},
        fibres={"frame": [0] * n, "cell_id": names, "length_um": scale * rng.uniform(20, 200, n)},
        migrasomes=table if total else None,
    )


def values(observations):
    return {name: readout.value for name, readout in measure(observations, IDS).items()}


@settings(max_examples=20, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 999))
def test_the_order_of_rows_does_not_matter(counts, seed):
    shuffled = np.random.default_rng(seed + 1).random(200)
    assert values(dish(counts, seed)) == pytest.approx(values(dish(counts, seed, order=shuffled)), nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 999))
def test_the_names_of_cells_do_not_matter(counts, seed):
    names = np.random.default_rng(seed).permutation(10 * len(counts))[: len(counts)]
    assert values(dish(counts, seed)) == pytest.approx(values(dish(counts, seed, ids=names)), nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 999), scale=st.floats(0.25, 4.0))
def test_lengths_scale_and_counts_do_not(counts, seed, scale):
    plain, scaled = values(dish(counts, seed)), values(dish(counts, seed, scale=scale))
    for name in ("diameter.mean", "diameter.sd", "diameter.median", "rear.median_distance"):
        assert scaled[name] == pytest.approx(scale * plain[name], nan_ok=True, abs=1e-12)
    for name in ("count.per_cell", "attached.share", "dispersion.k"):
        assert scaled[name] == pytest.approx(plain[name], nan_ok=True)
    assert scaled["count.per_100um_intact"] == pytest.approx(plain["count.per_100um_intact"] / scale)


@settings(max_examples=20, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 999))
def test_values_lie_in_their_intervals_and_n_is_never_the_number_of_vesicles(counts, seed):
    for readout in measure(dish(counts, seed), IDS).values():
        assert math.isnan(readout.low) or readout.low <= readout.high
        assert readout.n in (0, len(counts))


@settings(max_examples=40, deadline=None)
@given(known=st.lists(st.floats(0.01, 100), min_size=2, max_size=8))
def test_combining_keeps_the_value_between_its_experiments(known):
    found = combine([Readouts([Readout(id="x", value=v, unit="", experiment=str(i))]) for i, v in enumerate(known)])[
        "x"
    ]
    assert min(known) * (1 - 1e-9) <= found.value <= max(known) * (1 + 1e-9)
    assert found.low <= found.value <= found.high
    assert found.n == len(known)


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(0, 30), min_size=3, max_size=40), more=st.integers(2, 4))
def test_k_is_the_same_for_copies_of_the_sample(counts, more):
    one, copies = find_shape(np.array(counts)), find_shape(np.array(counts * more))
    assert one == pytest.approx(copies, rel=1e-6, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(lives=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30), st.booleans()), min_size=1, max_size=30))
def test_survival_falls_from_one_and_never_below_nothing(lives):
    entry = np.array([a for a, _, _ in lives], float)
    leave = entry + np.array([b for _, b, _ in lives], float)
    curve = estimate_survival(entry, leave, np.array([e for _, _, e in lives]))
    steps = np.concatenate([[1.0], curve.survival])
    assert np.all(np.diff(steps) <= 0)
    assert np.all(steps >= 0)
    assert np.all(curve.at_risk >= curve.ended)


@settings(max_examples=40, deadline=None)
@given(d=st.lists(st.floats(0.05, 5.0), min_size=1, max_size=20), observer=st.sampled_from(sorted(OBSERVERS)))
def test_no_observer_sees_more_than_blur_adds(d, observer):
    seen, weight = look_through(np.array(d), observer)
    assert np.all(seen <= np.hypot(np.array(d)[:, None], 0.25) + 1e-12)
    assert np.all(seen >= 0)
    assert np.all(weight >= 0)


@settings(max_examples=40, deadline=None)
@given(mean=st.floats(0.1, 20), k=st.floats(0.1, 20), cells=st.integers(10, 2000), fall=st.floats(0.1, 0.8))
def test_power_rises_with_cells_with_the_effect_and_with_k(mean, k, cells, fall):
    power = find_power(mean, k, cells, fall)
    assert 0 < power <= 1
    assert find_power(mean, k, cells + 10, fall) >= power
    assert find_power(mean, k, cells, min(fall * 1.1, 0.9)) >= power
    assert find_power(mean, 2 * k, cells, fall) >= power
    assert count_cells_needed(mean, 2 * k, fall) <= count_cells_needed(mean, k, fall)
