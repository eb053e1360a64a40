"""Units: the everyday table says what pint says, and what is no quantity is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migralab.core import units
from migralab.core.errors import UnitError

EVERYDAY = [(dimension, unit) for dimension, known in units._EVERYDAY.items() for unit in known]


@pytest.mark.parametrize(("dimension", "unit"), EVERYDAY)
def test_everyday_unit_equals_pint(dimension, unit):
    through_pint = units._internal_factor(units._pint_unit(unit))
    # a few roundings in pint's chain of conversions
    assert units._FACTOR[unit] == pytest.approx(through_pint, rel=1e-13, abs=0)


def test_everyday_dimensions_are_those_of_pint():
    by_pint = {}
    for dimension, unit in EVERYDAY:
        by_pint.setdefault(units._pint_unit(unit).dimensionality, set()).add(dimension)
    assert all(len(names) == 1 for names in by_pint.values())
    assert len(by_pint) == len(units._EVERYDAY)


def test_each_everyday_unit_stands_once():
    assert len({unit for _, unit in EVERYDAY}) == len(EVERYDAY)


@pytest.mark.parametrize(
    ("value", "unit", "internal"),
    [
        (1.0, "nM", 0.602214076),  # Avogadro's number, exact in the SI
        (1.0, "umol/l", 602.214076),
        (1.0, "molecules/um^3", 1.0),
        (1.0, "1/nM/s", 1 / 0.602214076),
        (1.0, "uN/m", 1.0),
        (1.0, "mN/m", 1e3),
        (1.0, "kPa", 1e3),
        (1.0, "pN*s/um^2", 1.0),
        (1.0, "J", 1e18),
        (4.11, "pN*nm", 4.11e-3),
        (1.0, "mPa*s", 1e-3),
        (1.0, "cells/mm^2", 1e-6),
        (20.0, "ng/ml", 0.02),
        (0.5, "um/min", 0.5 / 60),
        (2.0, "m2", 2e12),
        (3.0, "µm²", 3.0),
    ],
)
def test_internal_units_are_um_s_pn_and_molecules(value, unit, internal):
    assert units.to_internal(value, unit) == pytest.approx(internal, rel=1e-12)
    assert units.from_internal(units.to_internal(value, unit), unit) == pytest.approx(value, rel=1e-12)


def test_molecules_and_moles_are_one_dimension():
    assert units.parse("2 nM", like="molecules/um^3") == pytest.approx(1.204428152)
    assert units.parse("1 molecules/um^3", like="nM") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "like", "said"),
    [
        ("5", "um", "has no unit. Write for example '5 um'"),
        ("5 um", "s", "'5 um' cannot be read as s"),
        ("5 um", "", "cannot be read as a pure number"),
        ("5 ug/ml", "um", "dimensions differ"),
        ("5 kPa", "um", "dimensions differ"),
        ("five um", "um", "not a quantity"),
        ("", "um", "not a quantity"),
        ("5 foo", "um", "'foo' is not a unit"),
        ("5 2 um", "um", "is not a unit"),
        ("nan um", "um", "not a finite number"),
        ("-inf um", "um", "not a finite number"),
        ("1e999 um", "um", "not a finite number"),
        ("5 um**9**9**9", "um", "is not a unit"),
        ("5 um**(9**9)", "um", "is not a unit"),
        ("5 __import__('os')", "um", "is not a unit"),
        ("5 um/0", "um", "is not a unit"),
        ("5 (um", "um", "is not a unit"),
        ("300 kelvin", "kelvin", "no internal unit"),
    ],
)
def test_what_is_no_quantity_is_refused_with_both_units(text, like, said):
    with pytest.raises(UnitError) as caught:
        units.parse(text, like=like)
    assert said in str(caught.value)


def test_a_bare_number_is_a_quantity_only_without_dimension():
    assert units.parse(0.3, like="") == 0.3
    assert units.parse("30 %", like="") == 0.3
    assert units.parse("0.3", like="percent") == 0.3
    with pytest.raises(UnitError, match="has no unit"):
        units.parse(0.3, like="kPa")


def test_everyday_units_do_not_load_pint():
    read = "from migralab.core import units; units.parse('3 um/min', like='um/s')"
    code = f"import sys; {read}; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
