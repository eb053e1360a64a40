"""Fibres of the mean reach the frames, but not those that a frame contradicts; bodies that walk leave no trail."""

import numpy as np
import pytest

from migralab.imaging.analyse import trace_frame
from migralab.imaging.analyse_series import analyse_film
from migralab.imaging.film.blocks import film_trace, measure_block, split_frames
from migralab.imaging.film.merge import still_there
from migralab.imaging.reading import Micrograph
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import line_points, render, sphere_points

SETTINGS = AnalysisSettings()
FIBRE = ((1.0, 3.0), (11.0, 5.0))  # um


def as_film(frames, interval=5.0):
    return Micrograph(
        pixels=np.stack(frames)[:, None].astype(np.float32), pixel_size_um=0.1, frame_interval_min=interval,
        channels=("membrane",), source="drawn", masked=np.zeros(frames[0].shape, bool),
    )  # fmt: skip


def length_on(trace, start, end):
    """Length of the traced lines within 0.4 um of a straight line, um."""
    total = 0.0
    start, end = np.array(start), np.array(end)
    way = (end - start) / np.hypot(*(end - start))
    for branch in trace.network.branches.values():
        middle = 0.05 * (branch.path[1:] + branch.path[:-1]) - start
        on = np.abs(middle[:, 0] * way[1] - middle[:, 1] * way[0]) < 0.4
        total += 0.1 * np.hypot(*np.diff(branch.path, axis=0).T)[on].sum()
    return total


def test_blocks_are_alike_and_cover_the_film():
    for frames in (1, 2, 9, 14, 15, 30, 97, 300):
        blocks = split_frames(frames)
        assert [frame for block in blocks for frame in block] == list(range(frames))
        assert max(map(len, blocks)) - min(map(len, blocks)) <= 1
        assert frames < 15 or min(map(len, blocks)) >= 7


@pytest.fixture(scope="module")
def dim():
    """A fibre too dim for one frame, in ten that drift by 3 px and 2 px; the truth is where it was drawn."""
    shifts = [(0.03 * n, 0.02 * n) for n in range(10)]
    frames = [
        render(
            [line_points(*(np.array(FIBRE) + shift), per_um=60.0)]
            + [sphere_points(x + shift[0], y + shift[1], 1.2) for x, y in ((3, 9), (9, 8), (6, 10.5))],
            side_um=12, photons=0.5, seed=n + 1,
        )
        for n, shift in enumerate(shifts)
    ]  # fmt: skip
    return as_film(frames), np.array(shifts)


def test_a_fibre_too_dim_for_a_frame_is_traced_on_the_mean(dim):
    film, shifts = dim
    alone = [length_on(trace_frame(film, SETTINGS, n), *(np.array(FIBRE) + shifts[n])) for n in (0, 5, 9)]
    together = [length_on(film_trace(film, SETTINGS, n), *(np.array(FIBRE) + shifts[n])) for n in (0, 5, 9)]
    assert np.mean(alone) < 5.0
    assert min(together) > 9.0  # of 10.2 um
    assert max(together) < 11.5


def test_drift_is_that_which_was_drawn(dim):
    film, shifts = dim
    found = analyse_film(film, SETTINGS, workers=1)
    error = found.drift_px - 10 * shifts[:, ::-1]
    assert np.sqrt((error**2).mean()) < 0.1
    assert np.isfinite(found.drift_sd_px).all()
    assert found.averaged == (10,)


def test_a_fibre_that_breaks_is_gone_from_then_on():
    lasting, breaking = line_points((1, 2), (11, 3)), line_points((1, 8), (11, 9))
    frames = [render([lasting, breaking] if n < 4 else [lasting], side_um=12, seed=n + 1) for n in range(10)]
    film = as_film(frames)
    for n in (0, 3):
        assert length_on(film_trace(film, SETTINGS, n), (1, 8), (11, 9)) > 9.0
    for n in (4, 9):
        assert length_on(film_trace(film, SETTINGS, n), (1, 8), (11, 9)) < 1.0
        assert length_on(film_trace(film, SETTINGS, n), (1, 2), (11, 3)) > 9.0


def test_a_fibre_that_is_laid_late_is_seen_at_once():
    lasting, late = line_points((1, 2), (11, 3)), line_points((1, 8), (11, 9))
    film = as_film([render([lasting, late] if n >= 8 else [lasting], side_um=12, seed=n + 1) for n in range(10)])
    assert length_on(film_trace(film, SETTINGS, 8), (1, 8), (11, 9)) > 9.0
    assert length_on(film_trace(film, SETTINGS, 2), (1, 8), (11, 9)) < 1.0


def test_a_dim_frame_does_not_contradict_the_mean():
    rng = np.random.default_rng(5)
    path = np.column_stack([np.arange(10.0, 90.0), np.full(80, 30.0)])
    mean = np.zeros((60, 100), np.float32)
    mean[29:32, 10:90] = 1.0
    dim = (0.2 * mean + rng.normal(0, 3.0, mean.shape)).astype(np.float32)
    clear = rng.normal(0, 0.2, mean.shape).astype(np.float32)
    assert still_there(path, dim, mean, np.zeros(2), 0.1).all()
    assert not still_there(path, clear, mean, np.zeros(2), 0.1).any()
    assert still_there(path, clear + 0.8 * mean, mean, np.zeros(2), 0.1).all()


def test_a_blank_frame_is_covered_and_says_so(dim):
    frames = dim[0].pixels[:4, 0].copy()
    frames[2] = 100
    block = measure_block(as_film(list(frames)), SETTINGS, range(4))
    assert "missing, not zero" in block.seen[2].notes[0]
    assert block.seen[2].ground.look(5.0, 5.0) == (True, True, False)  # nobody could have seen anything there
    assert not block.seen[1].ground.look(5.0, 10.9)[1]
    assert block.averaged == 3
