"""Hand-drawn lines become the graph that a person would draw, and the gates tell a vesicle from a crossing."""

import numpy as np
import pytest
from skimage.draw import line

from migralab.imaging.detect.gates import is_vesicle, measure_elongation, measure_excess, measure_roundness
from migralab.imaging.detect.network import bridge_gaps, build_network, clean_network, path_length
from migralab.imaging.detect.scene import Scene
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Noise
from tests.unit.imaging.drawn import line_points, render, sphere_points

SETTINGS = AnalysisSettings()
NONE = np.zeros((100, 100), np.int32)


def draw(*strokes):
    lines = np.zeros((100, 100), bool)
    for x0, y0, x1, y1 in strokes:
        lines[line(y0, x0, y1, x1)] = True
    return lines


def network_of(lines, regions=NONE, centres=None, radii=None, pixel=0.1):
    network = build_network(lines, regions, centres or {}, np.ones((100, 100), bool))
    clean_network(network, radii or {}, pixel, SETTINGS)
    return network


def kinds(network):
    return sorted(node.kind for node in network.nodes.values())


def test_a_spur_goes_and_what_it_had_split_is_one_again():
    network = network_of(draw((10, 50, 90, 50), (40, 50, 40, 47)))
    assert kinds(network) == ["tip", "tip"]
    assert len(network.branches) == 1


def test_a_branch_stays():
    network = network_of(draw((10, 50, 90, 50), (40, 50, 40, 20)))
    assert kinds(network) == ["junction", "tip", "tip", "tip"]


def test_a_crossing_is_one_junction():
    network = network_of(draw((10, 10, 90, 90), (10, 90, 90, 10)))
    assert kinds(network).count("junction") == 1


def test_a_line_that_leaves_the_image_has_no_tip_there():
    assert kinds(network_of(draw((0, 50, 60, 50)))) == ["edge", "tip"]


def test_a_crumb_far_from_everything_is_no_fibre():
    assert network_of(draw((40, 50, 52, 50))).branches == {}


def test_a_vesicle_takes_the_branches_that_enter_it():
    rows, columns = np.mgrid[:100, :100]
    regions = (np.hypot(rows - 50, columns - 50) <= 7).astype(np.int32)
    network = network_of(
        draw((10, 50, 44, 50), (56, 50, 90, 50), (50, 90, 50, 56)), regions, {1: (50.0, 50.0, "vesicle", 0)}, {1: 7.0}
    )
    assert len(network.nodes[1].branches) == 3
    assert kinds(network) == ["tip", "tip", "tip", "vesicle"]


def test_the_length_of_a_slanted_line_is_not_that_of_its_staircase():
    ys, xs = line(10, 10, 40, 90)
    path = np.stack([xs, ys], axis=1).astype(float)
    staircase = np.hypot(*np.diff(path, axis=0).T).sum()
    truth = np.hypot(30, 80)
    assert staircase > 1.04 * truth
    assert path_length(path) == pytest.approx(truth, rel=0.02)


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    short, wide = draw((10, 50, 45, 50), (51, 50, 90, 50)), draw((10, 50, 40, 50), (60, 50, 90, 50))
    assert bridge_gaps(short, NONE, 0.1, SETTINGS)[50, 48]
    assert not bridge_gaps(wide, NONE, 0.1, SETTINGS)[50, 50]


def test_an_end_is_joined_to_the_side_of_a_neighbour_only_where_the_trace_stops_short():
    neighbour = (60, 10, 60, 90)
    assert bridge_gaps(draw((10, 50, 55, 50), neighbour), NONE, 0.1, SETTINGS)[50, 58]  # 0.5 um
    apart = draw((10, 50, 50, 50), neighbour)  # 1 um, which two ends that face each other bridge
    assert (bridge_gaps(apart, NONE, 0.1, SETTINGS) == apart).all()
    assert bridge_gaps(draw((10, 50, 50, 50), (60, 50, 90, 50)), NONE, 0.1, SETTINGS)[50, 55]


def test_ends_that_pass_each_other_are_not_joined():
    beside = draw((10, 50, 50, 50), (56, 56, 90, 56))  # 45 degrees off the way both point
    assert (bridge_gaps(beside, NONE, 0.1, SETTINGS) == beside).all()


def scene_of(*clouds):
    image = render(clouds, side_um=12, photons=5).astype(np.float32)
    return Scene(
        image=image,
        stabilised=image - 105,
        noise=Noise(background=105.0, read_sd=2.5, gain=1.0),
        usable=np.ones(image.shape, bool),
        skeleton=np.zeros(image.shape, bool),
        near_line=np.zeros(image.shape, bool),
        pixel_um=0.1,
        psf_um=0.13,
    )


def test_a_crossing_has_no_more_light_than_its_arms_bring_and_a_vesicle_has():
    place = np.array([[60.0, 60.0, 0.3, 0.0]])
    arms = [line_points((6, 6), (6 + 5 * np.cos(a), 6 + 5 * np.sin(a))) for a in (0, 1.3, 2.4, 4.2)]
    for number in (2, 3, 4):
        assert measure_excess(scene_of(*arms[:number]), place)[0] == pytest.approx(1.0, abs=0.35)
    assert measure_excess(scene_of(*arms[:2], sphere_points(6, 6, 0.6)), place)[0] > 2 * SETTINGS.excess_least


def test_a_line_is_not_round_and_a_vesicle_is():
    place = np.array([[60.0, 60.0, 0.5, 0.0]])
    line_only = scene_of(line_points((1, 6), (11, 6)))
    vesicle = scene_of(line_points((1, 6), (11, 6)), sphere_points(6, 6, 1.0))
    assert measure_roundness(line_only, place)[0] < 0.3
    assert measure_roundness(vesicle, place)[0] > 0.8


def test_two_beads_are_elongated_and_a_vesicle_on_a_fibre_is_not():
    place = np.array([[60.0, 60.0, 0.4, 0.0]])
    fibre = line_points((1, 6), (11, 6))
    beads = scene_of(*[sphere_points(6 + way, 6, 0.13) for way in (-0.25, 0.25)])
    assert measure_elongation(beads, place)[0] > SETTINGS.elongation_most
    assert measure_elongation(scene_of(fibre, sphere_points(6, 6, 0.8)), place)[0] < SETTINGS.elongation_most
    assert measure_elongation(scene_of(fibre), place)[0] > SETTINGS.elongation_most


@pytest.mark.filterwarnings("error")
def test_a_fit_that_went_to_radius_0_is_no_vesicle():
    line_only = scene_of(line_points((1, 6), (11, 6)))
    assert not is_vesicle(line_only, np.array([[60.0, 60.0, 0.0, 0.0]]), SETTINGS)[0]
