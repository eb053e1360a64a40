"""Light is conserved, and the closed forms agree with brute force and with each other."""

import numpy as np
import pytest
from scipy.special import erf

from migralab.physics.optics import (
    Grid,
    ball_profile,
    deposit_profile,
    deposit_segments,
    deposit_spots,
    pixel_psf,
    polygon_coverage,
    shell_profile,
    split_segments,
)

GRID = Grid(0.1, (90, 110))
PSF = 0.12
CUT = 1e-4  # windows end at 4.5 widths, where at most 7e-5 of the light is lost


def section_light(radius, section):
    """Light of a sphere's membrane through a Gaussian section, per area: an integral over height."""
    return 4 * np.pi * radius * section * np.sqrt(np.pi / 2) * erf(radius / np.sqrt(2) / section)


@pytest.mark.parametrize("end", [(7.0, 6.5), (3.31, 4.47), (9.2, 4.4), (3.3001, 4.4)])
def test_tube_keeps_its_photons_in_every_direction(end):
    image = np.zeros(GRID.shape)
    deposit_segments(image, GRID, [[3.3, 4.4, *end]], [1000.0], PSF)
    assert image.sum() == pytest.approx(1000.0, rel=CUT)


def test_tube_is_a_row_of_spots():
    tube, row = np.zeros(GRID.shape), np.zeros(GRID.shape)
    ends = np.array([2.53, 3.17, 6.01, 5.44])
    deposit_segments(tube, GRID, ends, [1.0], PSF)
    share = (np.arange(4000) + 0.5)[:, None] / 4000
    places = ends[:2] * (1 - share) + ends[2:] * share
    deposit_spots(row, GRID, places, np.zeros(4000), np.full(4000, 1 / 4000), PSF)
    np.testing.assert_allclose(tube, row, atol=1e-4 * row.max())  # the cut of the windows


def test_cutting_a_tube_changes_no_pixel():
    ends = np.array([[1.0, 1.5, 9.0, 7.2], [2.0, 8.0, 2.1, 8.0]])
    whole, cut = np.zeros(GRID.shape), np.zeros(GRID.shape)
    deposit_segments(whole, GRID, ends, [100.0, 7.0], PSF)
    pieces, segment, ordinal = split_segments(ends, 0.4)
    count = np.bincount(segment)
    deposit_segments(cut, GRID, pieces, np.array([100.0, 7.0])[segment] / count[segment], PSF)
    assert np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T).max() <= 0.4
    assert ordinal.max() == count.max() - 1
    np.testing.assert_allclose(cut, whole, atol=2e-4 * whole.max())  # the cut of the windows


def test_split_of_nothing_is_nothing():
    pieces, segment, ordinal = split_segments(np.empty((0, 4)), 0.4)
    assert pieces.shape == (0, 4)
    assert len(segment) == len(ordinal) == 0


def test_light_beyond_the_border_comes_in_and_nothing_else():
    image = np.zeros(GRID.shape)
    deposit_spots(image, GRID, [[-0.1, 4.0], [-5.0, 4.0]], [0.0, 0.0], [100.0, 100.0], PSF)
    # half a pixel of column 0 lies left of the origin, so the border is 0.05 um from the spot's centre
    outside = 0.5 * (1 + erf(0.05 / np.sqrt(2) / pixel_psf(PSF, 0.1)))
    assert image.sum() == pytest.approx(100 * (1 - outside), rel=0.02)  # the PSF is sampled, not integrated


@pytest.mark.parametrize("diameter", [0.1, 0.5, 1.27, 3.0])
@pytest.mark.parametrize("section", [0.35, 50.0])
def test_shell_keeps_the_photons_of_its_section(diameter, section):
    image = np.zeros(GRID.shape)
    width = pixel_psf(PSF, 0.1)
    distance = np.linspace(0, diameter / 2 + 4.5 * width, 400)
    light = shell_profile(diameter / 2, distance, width, section)
    deposit_profile(image, GRID, (5.03, 4.41), distance, light)
    # sampling a ring at 0.1 um and interpolating its profile cost a little
    assert image.sum() == pytest.approx(section_light(diameter / 2, section), rel=1e-3)


def test_ball_keeps_the_photons_of_its_section():
    r, radius, section = np.linspace(0, 2.5, 3000), 0.8, 0.35
    light = ball_profile(radius, r, PSF, section)
    z = np.linspace(-radius, radius, 4001)
    expected = np.trapezoid(np.pi * (radius**2 - z**2) * np.exp(-(z**2) / 2 / section**2), z)
    assert np.trapezoid(light * 2 * np.pi * r, r) == pytest.approx(expected, rel=1e-3)  # six shells


@pytest.mark.parametrize("height", [0.0, 0.6])
def test_shell_profile_is_a_sum_over_its_membrane(height):
    radius, section, count = 0.9, 0.35, 40_000
    # a Fibonacci sphere: points of equal area
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    points = radius * np.column_stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z])
    area = 4 * np.pi * radius**2 / count
    weight = area * np.exp(-((points[:, 2] + height) ** 2) / 2 / section**2) / (2 * np.pi * PSF**2)
    r = np.array([0.0, 0.3, 0.7, 0.9, 1.1])
    away = (points[:, 0] - r[:, None]) ** 2 + points[:, 1] ** 2
    expected = (weight * np.exp(-away / 2 / PSF**2)).sum(axis=1)
    np.testing.assert_allclose(shell_profile(radius, r, PSF, section, height), expected, rtol=2e-3)


def test_small_shell_is_a_spot_of_the_same_second_moment():
    r = np.linspace(0, 0.6, 200)
    shell = shell_profile(0.05, r, PSF, 100.0)
    width = np.sqrt(PSF**2 + 0.1**2 / 12)
    spot = 4 * np.pi * 0.05**2 * np.exp(-(r**2) / 2 / width**2) / (2 * np.pi * width**2)
    np.testing.assert_allclose(shell, spot, atol=0.01 * spot[0])  # fourth moments differ


@pytest.mark.parametrize("turn", [0.0, 0.3, np.pi / 4])
def test_polygon_covers_its_area(turn):
    corners = np.array([[-2.0, -1.5], [2.0, -1.5], [2.0, 1.5], [0.0, 0.4], [-2.0, 1.5]])
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    cover = polygon_coverage(corners @ spin.T + [5.02, 4.53], GRID, lines_per_pixel=8)
    # an edge of 4 um along the lines is placed within half of their distance of 0.1 / 8 um
    assert cover.sum() * 0.01 == pytest.approx(12.0 - 2.2, abs=4 * 0.1 / 8 / 2 + 1e-9)
    assert cover.max() == pytest.approx(1.0)
    assert cover.min() >= 0


def test_polygon_half_over_a_pixel_covers_half_of_it():
    cover = polygon_coverage([[1.0, 0.95], [2.05, 0.95], [2.05, 2.05], [1.0, 2.05]], GRID)
    assert cover[15, 10] == pytest.approx(0.5)
    assert cover[15, 11] == pytest.approx(1.0)
    assert cover[15, 9] == cover[15, 21] == 0


def test_polygon_that_sticks_out_is_cut_at_the_border():
    cover = polygon_coverage([[-3.0, -3.0], [4.95, -3.0], [4.95, 3.95], [-3.0, 3.95]], GRID)
    assert cover.sum() == pytest.approx(50 * 40)
