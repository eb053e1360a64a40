"""How far cells have fused, on dishes that can be counted on the fingers."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe


def dish(*nuclei):
    """Return one frame of cells with so many nuclei."""
    return observe(cells={"frame": [0] * len(nuclei), "cell_id": list(range(len(nuclei))), "nuclei": list(nuclei)})


def test_the_index_counts_nuclei_in_cells_of_more_than_three():
    seen = dish(1, 1, 3, 4, 6)
    assert look(seen, "fusion.index").value == pytest.approx(10 / 15)
    assert look(seen, "fusion.index", least=2.0).value == pytest.approx(13 / 15)


def test_joined_is_the_share_of_cells_that_are_gone():
    assert look(dish(1, 1, 3, 4, 6), "fusion.joined").value == pytest.approx(10 / 15)
    assert look(dish(1, 1, 1), "fusion.joined").value == 0.0
    # What went into another is still in the table with no nucleus
    assert look(dish(2, 0, 1), "fusion.joined").value == pytest.approx(1 / 3)


def test_without_fusion_nuclei_are_unknown_not_one():
    assert "phenotype.fusion" in look(dish(np.nan, np.nan), "fusion.index").note
    assert np.isnan(look(dish(np.nan, np.nan), "fusion.joined").value)


def test_a_cell_has_at_least_one_nucleus():
    with pytest.raises(RequestError, match="at least 1"):
        look(dish(1, 1), "fusion.index", least=0.0)
