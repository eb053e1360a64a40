import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_attraction import seekers, with_migrasomes
from tests.unit.measure.test_motility import film


def with_fibre(tracks, points, *, owner=9, interval=1.0, **times):
    """Return cells with tracks and one fibre through the points."""
    n, frames = len(points), tracks.shape[1]
    points = np.asarray(points, float)
    return observe(
        cells=dict(film(tracks, interval)["cells"]),
        nodes={
            "node_id": np.arange(n), "cell_id": np.full(n, owner), "parent_id": [*range(1, n), -1],
            "x_um": points[:, 0], "y_um": points[:, 1], **{name: np.full(n, value) for name, value in times.items()},
        },
        frames_min=tuple(interval * np.arange(frames)),
    )  # fmt: skip


CORNER = np.array([[(0, 0), (10, 0), (10, 10)]], float)  # a turn of 90 degrees to the left
EAST = [(x, 3.0) for x in range(-20, 60, 2)]


def test_a_turn_counts_by_the_side_of_the_target():
    assert look(with_migrasomes(CORNER, [(15.0, 20.0)]), "turning.to_migrasome").value == pytest.approx(90.0)
    assert look(with_migrasomes(CORNER, [(15.0, -20.0)]), "turning.to_migrasome").value == pytest.approx(-90.0)
    # of others only: the own one on the right does not count
    both = with_migrasomes(CORNER, [(15.0, -9.0), (15.0, 20.0)], [0, 7])
    assert look(both, "turning.to_migrasome").value == pytest.approx(90.0)
    assert "within 50 um" in look(with_migrasomes(CORNER, [(300.0, 20.0)]), "turning.to_migrasome").note


def test_walks_at_random_turn_to_no_side_and_seekers_do():
    none = look(with_migrasomes(*seekers(0.0)), "turning.to_migrasome")
    assert none.low < 0.0 < none.high
    assert abs(none.value) < 8.0  # turns of sd 104 degrees, about 2,500 corners: 2.1
    # a step to the target after a random one turns to its side by 90 degrees on average
    some = look(with_migrasomes(*seekers(0.3)), "turning.to_migrasome")
    assert some.low > 10.0


def test_turns_to_a_fibre():
    made = with_fibre(CORNER, [(x, 8.0) for x in range(-20, 60, 2)])
    assert look(made, "turning.to_fibre").value == pytest.approx(90.0)
    own = with_fibre(CORNER, EAST, owner=0)
    assert "within 50 um" in look(own, "turning.to_fibre").note


@pytest.mark.parametrize(("degrees", "expected"), [(0, 1.0), (90, -1.0), (45, 0.0), (180, 1.0), (30, 0.5)])
def test_alignment_with_a_fibre_has_no_direction(degrees, expected):
    angle = math.radians(degrees)
    tracks = np.array([[(0, 0), (2 * math.cos(angle), 2 * math.sin(angle))]])
    assert look(with_fibre(tracks, EAST), "alignment.to_fibre").value == pytest.approx(expected, abs=1e-12)


def test_a_fibre_counts_while_it_stands():
    steps = np.array([[(0, 0), (2, 0), (4, 0), (6, 0)]], float)  # steps begin at 0, 1 and 2 min
    stands = with_fibre(steps, EAST, born_min=1.0, breaks_min=2.0)
    assert "from 1 steps" in look(stands, "alignment.to_fibre").note
    late = with_fibre(steps, EAST, born_min=5.0)
    assert math.isnan(look(late, "alignment.to_fibre").value)
    image = with_fibre(steps, EAST)  # no times: it stands in all frames
    assert "from 3 steps" in look(image, "alignment.to_fibre").note


def test_many_broken_stretches_do_not_hide_a_standing_one():
    n = 3000
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-4, 4, n), rng.uniform(-4, 4, n)
    made = observe(
        cells=dict(film(np.array([[(0, 0), (2, 0)]], float), 1.0)["cells"]),
        nodes={
            "node_id": np.arange(2 * n + 2), "cell_id": np.full(2 * n + 2, 9),
            "parent_id": np.r_[np.arange(n, 2 * n), np.full(n, -1), 2 * n + 1, -1],
            "x_um": np.r_[x, x, 8.0, 8.0], "y_um": np.r_[y, y + 1, 5.0, 6.0],
            "breaks_min": np.r_[np.full(2 * n, -1.0), np.inf, np.inf],
        },
        frames_min=(0.0, 1.0),
    )  # fmt: skip
    assert look(made, "alignment.to_fibre").value == pytest.approx(-1.0)


def test_nothing_to_turn_to_is_missing():
    assert "no standing fibres" in look(film(CORNER, 1.0), "turning.to_fibre").note
    assert "no migrasomes" in look(film(CORNER, 1.0), "turning.to_migrasome").note
    assert math.isnan(look(observe(), "alignment.to_fibre").value)
    with pytest.raises(RequestError, match="migrasome, fibre"):
        look(film(CORNER, 1.0), "turning.to_fibre", to="light")
