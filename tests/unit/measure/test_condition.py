import numpy as np
import pytest

from tests.unit.measure.made import look, observe


def layer():
    """Return three cells, one without a clot and one of which nothing is known."""
    return observe(
        cells={
            "frame": [0, 0, 0], "cell_id": [1, 2, 3], "clot": [0.0, 3.0, np.nan],
            "permeability_um_per_s": [0.01, 0.03, 0.02],
        }
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("clot.mean", 1.5), ("clot.share", 0.5), ("permeability.mean", 0.02)])
def test_means_are_over_the_cells_in_which_it_is_known(name, value):
    assert look(layer(), name).value == pytest.approx(value)


def test_what_no_mechanism_brings_is_missing_not_zero():
    found = look(observe(cells={"frame": [0], "cell_id": [1]}), "clot.mean")
    assert np.isnan(found.value)
    assert "no cell" in found.note


def test_loss_is_of_those_that_were_there():
    kinds = np.array(["glia", "glia", "neuron", "neuron", "glia", "neuron", "neuron"], object)
    film = observe(
        cells={"frame": [0, 0, 0, 0, 1, 1, 1], "cell_id": [1, 2, 3, 4, 1, 3, 9], "population": kinds},
        frames_min=(0.0, 60.0),
    )
    assert look(film, "cells.lost_share", frame=1).value == pytest.approx(0.5)  # 2 and 4 of four; 9 is new
    assert np.isnan(look(film, "cells.lost_share", frame=0).value)
