"""What rules speak of: signals that a cell has and behaviours of it that they may set.

A mechanism offers them in ``signals`` and ``behaviours``, as class attributes or, where names depend on the species,
set in ``__init__``. Units are those in which a person writes the rule; the columns hold internal units.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something a cell can respond to.

    Parameters
    ----------
    name
        As people write it, for example ``"contact with migrasome"``.
    column
        Path of the column that holds it, ``"cells.touching"``, in internal units, never negative.
    unit
        Unit of a half-max, for example ``"nM"``; empty for a pure number.
    meaning
        One line for people.
    """

    name: str
    column: str
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Something of a cell that rules may set.

    Parameters
    ----------
    name
        As people write it, for example ``"migration speed"``.
    column
        Path of the column that the rules write, ``"cells.speed_set"``.
    parameter
        Parameter of the mechanism that holds the value without rules; may differ between populations if it is in
        the mechanism's ``varies``.
    unit
        Unit in which a rule gives values; empty for a pure number.
    relative
        Whether the column holds the value over the base of the population (fill 1), or the value itself
        (fill NaN: no rule, the mechanism uses its own parameter).
    meaning
        One line for people.
    """

    name: str
    column: str
    parameter: str
    unit: str = ""
    relative: bool = False
    meaning: str = ""
