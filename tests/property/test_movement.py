"""What must hold for any tracks: the frame of reference, names of cells and order of rows change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migralab.measure import measure
from tests.unit.measure.made import observe

IDS = (
    "speed.mean", "speed.step_median", "turning.cosine", "straightness.ratio", "order.polar", "order.nematic@film",
    "order.local@film", "attraction.index@raw", "attraction.bias@raw", "turning.to_migrasome", "turning.to_fibre",
    "alignment.to_fibre", "site.time_median", "site.share_come", "uptake.per_cell_hour",
)  # fmt: skip


def dish(seed, *, turn=0.0, mirror=False, shift=(0.0, 0.0), rename=0, shuffle=False):
    """Return eight walkers with gaps, 20 migrasomes and a fibre, in any frame of reference."""
    rng = np.random.default_rng(seed)
    cells, frames = 8, 10
    tracks = rng.uniform(0, 100, (cells, 1, 2)) + np.cumsum(rng.normal(0, 5, (cells, frames, 2)), axis=1)
    places = rng.uniform(0, 100, (20, 2))
    fibre = np.cumsum(rng.normal(0, 5, (15, 2)), axis=0) + 50
    there = rng.random(cells * frames) < 0.9
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([1.0, -1.0 if mirror else 1.0])
    tracks, places, fibre = (points @ matrix.T + np.array(shift) for points in (tracks, places, fibre))
    table = {
        "frame": np.tile(np.arange(frames), cells), "cell_id": np.repeat(np.arange(cells), frames) + rename,
        "x_um": tracks[..., 0].ravel(), "y_um": tracks[..., 1].ravel(),
        "engulfed": np.cumsum(rng.random((cells, frames)) < 0.2, axis=1).ravel().astype(float),
    }  # fmt: skip
    rows = np.flatnonzero(there)
    if shuffle:
        rows = np.random.default_rng(seed + 1).permutation(rows)
    return observe(
        cells={name: column[rows] for name, column in table.items()},
        migrasomes={
            "frame": np.repeat(np.arange(frames), 20), "migrasome_id": np.tile(np.arange(20), frames),
            "cell_id": np.tile(np.arange(20) % 10, frames) + rename, "x_um": np.tile(places[:, 0], frames),
            "y_um": np.tile(places[:, 1], frames), "stage": np.full(20 * frames, "stabilised", object),
        },
        nodes={
            "node_id": np.arange(15), "cell_id": np.full(15, 9) + rename, "parent_id": [*range(1, 15), -1],
            "x_um": fibre[:, 0], "y_um": fibre[:, 1],
        },
        frames_min=tuple(2.0 * np.arange(frames)),
    )  # fmt: skip


def values(observations):
    return {name: readout.value for name, readout in measure(observations, IDS).items()}


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 999), turn=st.floats(0, 6.3), mirror=st.booleans(),
    shift=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
)  # fmt: skip
def test_the_frame_of_reference_does_not_matter(seed, turn, mirror, shift):
    moved = dish(seed, turn=turn, mirror=mirror, shift=shift)
    assert values(moved) == pytest.approx(values(dish(seed)), rel=1e-6, abs=1e-9, nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), rename=st.integers(0, 10_000))
def test_names_of_cells_and_order_of_rows_do_not_matter(seed, rename):
    other = dish(seed, rename=rename, shuffle=True)
    assert values(other) == pytest.approx(values(dish(seed)), rel=1e-9, nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_values_stay_in_their_range_with_their_interval_around_them(seed):
    names = (*IDS, "attraction.bias", "attraction.index", "arrest.coefficient", "order.polar@film")
    for name, found in measure(dish(seed), names).items():
        if not found.known:
            assert found.note
            continue
        # degrees, differences of two cosines, shares and cosines
        most = 180.0 if found.unit == "deg" else 2.0 if name in {"attraction.bias", "attraction.index"} else 1.0
        if found.unit not in {"um/min", "min", "1/cell/h"}:
            assert abs(found.value) <= most
        assert np.isnan(found.low) or found.low <= found.high
