"""Connected parts against scipy, and the order of the pixels of a line against the line that was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import line

from migralab.imaging.detect.cells import distance_to_bodies
from migralab.imaging.detect.chains import box_of, label_pixels, order_chain


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_parts_are_those_of_scipy(corners, share):
    mask = np.random.default_rng(2).random((80, 61)) < share
    labels, sizes, boxes = label_pixels(mask, corners=corners)
    expected, count = ndimage.label(mask, np.ones((3, 3)) if corners else None)
    assert (labels == expected).all()
    assert (sizes[1:] == np.bincount(expected.ravel(), minlength=count + 1)[1:]).all()
    assert [box_of(boxes, n) for n in range(1, count + 1)] == ndimage.find_objects(expected)


def test_nothing_has_no_parts():
    labels, sizes, boxes = label_pixels(np.zeros((4, 5), bool))
    assert not labels.any()
    assert len(sizes) == len(boxes) == 1


def test_the_pixels_of_a_line_come_in_its_order():
    rows, columns = line(3, 2, 17, 29)
    mask = np.zeros((20, 32), bool)
    mask[rows, columns] = True
    assert (order_chain(mask) == np.stack([rows, columns], axis=1)).all()


def test_a_loop_is_walked_around_once():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    mask = np.zeros((24, 24), bool)
    mask[np.rint(11 + 8 * np.sin(angle)).astype(int), np.rint(11 + 8 * np.cos(angle)).astype(int)] = True
    path = order_chain(mask)
    assert (np.abs(np.diff(path, axis=0)).max(axis=1) == 1).all()
    assert np.abs(path[0] - path[-1]).max() <= 2
    assert len(path) >= mask.sum() - 1


@pytest.mark.parametrize("reach", [3.0, 7.5])
def test_distances_to_bodies_are_those_of_the_whole_image(reach):
    bodies = np.zeros((70, 90), np.int32)
    bodies[10:30, 12:40], bodies[34:50, 35:60] = 1, 2  # their windows overlap
    nearest, distance = distance_to_bodies(bodies, reach)
    expected, (row, column) = ndimage.distance_transform_edt(bodies == 0, return_indices=True)
    inside = expected <= reach
    assert distance[inside] == pytest.approx(expected[inside])
    assert np.isinf(distance[~inside]).all()
    assert not nearest[~inside].any()
    apart = ndimage.distance_transform_edt(bodies != 1) != ndimage.distance_transform_edt(bodies != 2)
    assert (nearest == bodies[row, column])[inside & apart].all()
