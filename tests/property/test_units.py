"""Units under random input: conversions round-trip, and no text breaks the parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migralab.core import units
from migralab.core.errors import UnitError

EVERYDAY = sorted(units._FACTOR)
VALUES = st.floats(1e-12, 1e12) | st.floats(-1e12, -1e-12) | st.just(0.0)


@given(value=VALUES, unit=st.sampled_from([*EVERYDAY, "kPa", "nmol/l", "cells/mm^2", "ng/ml", "1/nM/s"]))
def test_conversion_round_trips(value, unit):
    assert units.from_internal(units.to_internal(value, unit), unit) == pytest.approx(value, rel=1e-14)


@given(value=VALUES, unit=st.sampled_from(EVERYDAY))
def test_written_quantities_are_read_back(value, unit):
    assert units.split(f"{value!r} {unit}") == (value, unit)


@given(value=VALUES, data=st.data())
def test_units_of_one_dimension_convert_into_each_other_and_others_never(value, data):
    one, other = data.draw(st.sampled_from(EVERYDAY)), data.draw(st.sampled_from(EVERYDAY))
    if units._DIMENSION[one] == units._DIMENSION[other]:
        assert units.to_internal(value, one, like=other) == units.to_internal(value, one)
    else:
        with pytest.raises(UnitError):
            units.to_internal(value, one, like=other)


@settings(deadline=None)  # the first unknown unit loads pint
@given(text=st.text(max_size=30) | st.text(alphabet="um snMPa0123456789.*/^()+-e ", max_size=20))
def test_any_text_is_a_quantity_or_a_unit_error(text):
    try:
        value = units.parse(text, like="um")
    except UnitError:
        return
    assert isinstance(value, float)
