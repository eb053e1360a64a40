"""A network as the rest of the room knows it: what changes, how fast, from where, and what can be shown of it.

The reader makes it from Antimony or SBML and leaves nothing to interpret: function definitions are expanded,
conversion factors and compartments multiplied in, assigned quantities are in order of evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from migralab.pathways.expression import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number that does not change in a run: parameter, local parameter (``reaction__name``), size, fixed species.

    Parameters
    ----------
    value
        In the model's own units; NaN where the model states none.
    unit
        As `migralab.core.units` spells it; empty for a pure number, or where the model does not say.
    """

    name: str
    value: float
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A number that changes by reactions, rate rules or events: one entry of the state.

    A species in a compartment of constant size is kept as what its name means in a formula (concentration, or amount
    where it has only substance units). One in a compartment that changes is kept as its amount under the name
    ``name__amount``, and ``name`` itself is assigned.
    """

    name: str
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A reaction as written, for counted molecules; `Network.rates` already contains it.

    Parameters
    ----------
    law
        Extent per time.
    change
        What one firing adds to each variable, in the variable's own units.
    """

    name: str
    law: Expression
    change: Mapping[str, Expression]
    reversible: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happens at once when a condition becomes true.

    Parameters
    ----------
    trigger
        Condition.
    starts_true
        Whether the trigger counts as true before the start (SBML ``initialValue``): then it does not fire at 0.
    persistent
        Whether it still happens if the trigger is false again by its turn.
    early
        Whether its values are those of the moment of the trigger (``useValuesFromTriggerTime``).
    priority
        The highest of those that fire together is first; None for any order.
    sets
        Variable and new value, in the variable's own units, all from the values before.
    """

    name: str
    trigger: Expression
    starts_true: bool = True
    persistent: bool = True
    early: bool = True
    priority: Expression | None = None
    sets: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network without anything left to interpret.

    Parameters
    ----------
    time_unit_s
        Seconds in the model's unit of time; None if the model does not say.
    constants
        Numbers of the model that a user may change before a run.
    inputs
        Symbols whose value comes from outside, cell by cell, and is constant between two exchanges.
    variables
        The state, in order.
    start
        (name, formula) in order of evaluation: start of every variable, from constants, inputs, time, those before,
        and assigned quantities.
    assigned
        (name, formula) in order of evaluation: quantities that follow from state, constants, inputs and time. What a
        model assigns once, from constants alone, stands here too.
    rates
        Change per time of each variable; those absent change in events only.
    shown
        Every name of the model (species, parameters, sizes, reactions as rates, stoichiometries) -> its value.
    amounts, concentrations
        Of every species, whatever its name means.
    units
        Of every name in `shown` whose unit the model states, as `migralab.core.units` spells it.
    """

    name: str
    title: str = ""
    time_unit_s: float | None = None
    constants: tuple[Constant, ...] = ()
    inputs: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    start: tuple[tuple[str, Expression], ...] = ()
    assigned: tuple[tuple[str, Expression], ...] = ()
    rates: Mapping[str, Expression] = field(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
    events: tuple[Event, ...] = ()
    shown: Mapping[str, Expression] = field(default_factory=dict)
    amounts: Mapping[str, Expression] = field(default_factory=dict)
    concentrations: Mapping[str, Expression] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def with_inputs(self, names: Iterable[str]) -> Network:
        """Return the network with some of its constants set from outside, cell by cell.

        Raises
        ------
        KeyError
            If one of them is not a constant of the model.
        """
        wanted = tuple(names)
        if strange := set(wanted) - {constant.name for constant in self.constants}:
            raise KeyError(sorted(strange)[0])
        kept = tuple(constant for constant in self.constants if constant.name not in wanted)
        return replace(self, constants=kept, inputs=(*self.inputs, *wanted))
