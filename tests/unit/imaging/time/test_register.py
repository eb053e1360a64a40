"""Frames whose true shift is known are found again, also while a cell walks through them."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.imaging.reading import read_micrograph
from migralab.imaging.time.register import find_shift, measure_drift, registered_mean

SIDE = 256
DATA = Path(os.environ.get("MIGRALAB_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
CHEN = DATA / "cellres_ccby_migrasome"


def draw_ground(shift=(0.0, 0.0), cell=(0.0, 0.0), *, photons=20.0, seed=0, thin=1.0):
    """Fibres and vesicles that drift together, and a large textured cell that walks by itself; y, x in pixels."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    layout = np.random.default_rng(5)
    light = np.zeros((SIDE, SIDE))
    for _ in range(6):
        angle, centre = layout.uniform(0, np.pi), layout.uniform(40, SIDE - 40, 2)
        u, v = x - centre[0] - shift[1], y - centre[1] - shift[0]
        across, along = u * np.sin(angle) - v * np.cos(angle), u * np.cos(angle) + v * np.sin(angle)
        light += np.exp(-(across**2) / (2 * 1.3**2)) / (1 + np.exp(np.clip((np.abs(along) - 60) / 2, -50, 50)))
    for _ in range(10):
        centre = layout.uniform(20, SIDE - 20, 2)
        light += 1.6 * np.exp(-((x - centre[0] - shift[1]) ** 2 + (y - centre[1] - shift[0]) ** 2) / (2 * 3.0**2))
    light *= thin
    grain = ndimage.gaussian_filter(np.random.default_rng(9).normal(size=(SIDE, SIDE)), 2) * 8
    grain = ndimage.shift(grain, cell, order=1, mode="wrap")
    body = np.hypot(x - 128 - cell[1], y - 128 - cell[0]) < 45
    light += ndimage.gaussian_filter(body * (3 + grain), 1)
    rng = np.random.default_rng(seed)
    counted = rng.poisson(np.maximum(light, 0) * photons + 3) + rng.normal(0, 1.5, light.shape) + 100
    return counted.astype(np.float32)


@pytest.mark.parametrize(("photons", "allowed"), [(4.0, 0.5), (20.0, 0.05), (100.0, 0.02)])
def test_the_ground_is_found_although_a_cell_walks_over_it(photons, allowed):
    rng = np.random.default_rng(1)
    reference = draw_ground(photons=photons)
    errors = []
    for number in range(6):
        shift, step = rng.uniform(-9, 9, 2), rng.uniform(-15, 15, 2)
        found = find_shift(draw_ground(shift, shift + step, photons=photons, seed=number + 1), reference)
        assert found.trusted
        errors += [found.y - shift[0], found.x - shift[1]]
    assert np.sqrt(np.mean(np.square(errors))) < allowed


def test_the_stated_error_is_the_error():
    pulls = []
    for number in range(12):
        shift = np.random.default_rng(number).uniform(-3, 3, 2)
        still = draw_ground(shift, shift, photons=15.0, seed=100 + number)
        found = find_shift(still, draw_ground(photons=15.0, seed=200 + number))
        pulls += [(found.y - shift[0]) / found.sd_px, (found.x - shift[1]) / found.sd_px]
    assert 0.4 < np.std(pulls) < 1.6


def test_noise_without_structure_has_no_shift():
    rng = np.random.default_rng(3)
    noise = [rng.poisson(5.0, (SIDE, SIDE)).astype(np.float32) for _ in range(2)]
    assert not find_shift(*noise).trusted


def test_drift_adds_up_over_a_film_that_fades():
    steps = np.random.default_rng(4).normal(0, 0.8, (12, 2))
    truth = np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    film = [
        draw_ground(place, place + 1.5 * number, photons=25.0 * 0.95**number, seed=number)
        for number, place in enumerate(truth)
    ]
    drift, errors = measure_drift(iter(film))
    assert np.abs(drift - truth).max() < 0.15
    assert np.isfinite(errors).all()


def test_the_mean_of_registered_frames_is_as_sharp_as_one_and_has_less_noise():
    truth = np.random.default_rng(6).uniform(-4, 4, (10, 2))
    truth[0] = 0.0
    film = [draw_ground(place, place, photons=20.0, seed=number) for number, place in enumerate(truth)]
    mean, shifts, number = registered_mean(iter(film))
    assert number == 10
    assert np.abs(shifts - truth).max() < 0.2
    clean = np.mean([draw_ground(photons=20.0, seed=50 + n) for n in range(40)], axis=0)
    inner = np.s_[8:-8, 8:-8]
    assert np.std((mean - clean)[inner]) < 0.5 * np.std((film[0] - clean)[inner])
    plain = np.mean(film, axis=0)
    assert np.std((mean - clean)[inner]) < 0.5 * np.std((plain - clean)[inner])


def test_the_border_that_some_frames_miss_is_the_mean_of_those_that_reach_it():
    film = [draw_ground((0.0, move), (0.0, move), photons=50.0, seed=n) for n, move in enumerate((0.0, 12.0, 12.0))]
    mean = registered_mean(film).mean
    # the last columns are seen in the first frame only
    assert np.allclose(mean[:, -8:], film[0][:, -8:])


def test_frames_that_show_nothing_keep_the_last_shift_and_are_counted():
    rng = np.random.default_rng(8)
    empty = rng.poisson(5.0, (SIDE, SIDE)).astype(np.float32)
    film = [draw_ground(seed=1), draw_ground((2.0, -1.0), (2.0, -1.0), seed=2), empty]
    found = registered_mean(film)
    assert found.unsure == 1
    assert found.number == 3
    assert np.allclose(found.shifts[2], found.shifts[1])


def test_no_frames_and_frames_of_other_shapes_are_refused():
    with pytest.raises(RequestError, match="no frames"):
        registered_mean([])
    with pytest.raises(RequestError, match="shape"):
        registered_mean([draw_ground(), draw_ground()[:100]])


@pytest.mark.data
@pytest.mark.skipif(not CHEN.is_dir(), reason=f"real data are not there: {CHEN}")
def test_the_stage_of_chen_2019_moves_as_the_authors_frame_does():
    films, corners = [], []
    masks = (CHEN / "masks.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in masks if line[0] != "#"))
    for hour in ("0p5h", "1p0h", "1p5h", "2p0h", "2p5h", "3p0h", "3p5h", "4p0h"):
        name = f"chen2019_fig1e_{hour}.png"
        films.append(read_micrograph(CHEN / name, pixel_size=0.33))
        box = next(row for row in rows if row["file"] == name and row["what"] == "dashed_frame")
        corners.append([(int(box[a]) + int(box[b])) / 2 for a, b in (("y0", "y1"), ("x0", "x1"))])
    seen = ~np.any([film.masked for film in films], axis=0)
    drift, errors = measure_drift((film.filled(0, 0) for film in films), usable=seen, largest_px=40)
    assert np.isfinite(errors).all()
    drawn = np.array(corners) - corners[0]
    # drawn by hand to about a pixel on each of its two corners
    assert np.abs(drift - drawn).max() < 2.5
    assert np.abs(drift).max() > 5
