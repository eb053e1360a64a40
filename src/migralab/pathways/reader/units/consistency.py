"""Whether the units of formulas agree. What a model does not declare agrees with everything, and so do bare numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migralab.pathways.expression import OPERATIONS, TIME, Apply, Expression, Number, Symbol
from migralab.pathways.reader.quantity import ReactionDraft, Table
from migralab.pathways.reader.text.source import in_words
from migralab.pathways.reader.units.declared import DeclaredUnits
from migralab.pathways.reader.units.unit import NUMBER, Unit

Known = Mapping[str, Unit | None]
_ADVICE = "correct the declared units, or put in a constant that converts"
_SAME = frozenset({"add", "sub", "min", "max", "rem"})
_COMPARED = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_KEPT = frozenset({"neg", "abs", "floor", "ceil"})
_GIVE_NUMBERS = frozenset(OPERATIONS) & {
    *("exp", "ln", "log10", "factorial", "and", "or", "xor", "not"),
    *(f"{arc}{own}{hyperbolic}" for arc in ("", "a") for own in ("sin", "cos", "tan") for hyperbolic in ("", "h")),
}
"""They are taken of anything, as SBML's own checks allow: cos(time) with time in s is common (semantic case 00959)."""


class UnitsDisagreeError(ValueError):
    """Two sides have different units."""


def _compare(left: Unit, right: Unit, first: Expression, second: Expression | str) -> None:
    if left.equals(right):
        return
    how = f"they differ by a factor of {left.factor / right.factor:g}" if left.has_dimension_of(right) else ""
    other = second if isinstance(second, str) else in_words(second)
    raise UnitsDisagreeError(f"{in_words(first)} is in {left} and {other} in {right}" + (f"; {how}" if how else ""))


def unit_of(expression: Expression, known: Known) -> Unit | None:
    """Return the unit of a formula; None where something in it has none declared.

    Raises
    ------
    UnitsDisagreeError
        If two parts that are added or compared have different units.
    """
    if isinstance(expression, Number):
        return None
    if isinstance(expression, Symbol):
        return known.get(expression.name)
    units = [unit_of(own, known) for own in expression.arguments]
    operation = expression.operation
    if operation in _SAME or operation in _COMPARED or operation == "piecewise":
        values = slice(None, None, 2) if operation == "piecewise" else slice(None)
        agreed = _agreed(expression.arguments[values], units[values])
        return NUMBER if operation in _COMPARED else agreed
    if operation in _GIVE_NUMBERS:
        return NUMBER
    return units[0] if operation in _KEPT else _product(expression, units)


def _agreed(parts: tuple[Expression, ...], units: list[Unit | None]) -> Unit | None:
    first: tuple[Expression, Unit] | None = None
    for part, unit in zip(parts, units, strict=True):
        if unit is None:
            continue
        if first is None:
            first = (part, unit)
        else:
            _compare(first[1], unit, first[0], part)
    return first[1] if first else None


def _product(expression: Apply, units: list[Unit | None]) -> Unit | None:
    operation = expression.operation
    if operation == "pow":
        base, exponent = units[0], expression.arguments[1]
        if base is not None and base.equals(NUMBER):
            return NUMBER
        return base.to_power(exponent.value) if base is not None and isinstance(exponent, Number) else None
    known = [unit for unit in units if unit is not None]
    if len(known) < len(units):
        return None
    if operation == "mul":
        total = NUMBER
        for unit in known:
            total = total * unit
        return total
    if operation in {"div", "quotient"}:
        return known[0] / known[1]
    return known[0].to_power(0.5) if operation == "sqrt" else None


class Check:
    """Checks every equation of a model.

    Parameters
    ----------
    table
        Everything that has a name.
    declared
        Units of all of it.
    """

    def __init__(self, table: Table, declared: DeclaredUnits) -> None:
        self.table, self.declared = table, declared
        self.known: dict[str, Unit | None] = {TIME: declared.time}
        for own in table.quantities.values():
            self.known[own.name] = declared.of(own.element, counts_amount=own.counts_amount)
        for name, _, element in table.local:
            self.known[name] = declared.of(element)
        for reaction in table.reactions:
            self.known[reaction.name] = declared.law(reaction.element.getKineticLaw())
        for name, symbol in table.formulas.rates_wanted.items():
            self.known[symbol] = self._per_time(self.known.get(name))

    def _per_time(self, unit: Unit | None) -> Unit | None:
        return None if unit is None or self.declared.time is None else unit / self.declared.time

    def equations(self, events: list[tuple[Any, Any]]) -> None:
        """Check all laws, rules, initial assignments and events.

        Raises
        ------
        PathwayError
            At the first whose two sides have different units.
        """
        model = self.table.model
        if self.table.source.language == "Antimony":
            self._refuse_undefined()
        for reaction in self.table.reactions:
            self._check(reaction.element.getKineticLaw(), reaction.law, self.known[reaction.name], "a reaction's rate")
            self._check_species(reaction)
        rules = {own.getVariable(): own for own in model.getListOfRules()}
        initial = {own.getSymbol(): own for own in model.getListOfInitialAssignments()}
        kinds: list[tuple[str, str, dict[str, Any], bool]] = [
            ("rule", "what it assigns", rules, False),
            ("rate", "the rate that it sets", rules, True),
            ("initial", "what it assigns", initial, False),
        ]
        for own in self.table.quantities.values():
            for kind, words, where, is_rate in kinds:
                formula = getattr(own, kind)
                if formula is not None:
                    unit = self.known[own.name]
                    self._check(
                        where.get(own.name, own.element), formula, self._per_time(unit) if is_rate else unit, words
                    )
        for element, event in events:
            self._check(element.getTrigger(), event.trigger, None, "")
            for name, formula in event.sets:
                self._check(element, formula, self.known.get(name), f"'{name}'")

    def _refuse_undefined(self) -> None:
        """Refuse a unit that nothing defines: Antimony takes the name, and SBML allows that."""
        for own in self.table.model.getListOfUnitDefinitions():
            if not own.getNumUnits():
                name, source = own.getIdAttribute(), self.table.source
                raise source.refuse(
                    "this unit is not defined; say what it is, as in 'unit hour = 3600 second' or "
                    "'unit per_hour = 1 / 3600 second'",
                    line=source.line_of(name) or source.line_of(f"{name}s"),  # libantimony takes an s from its end
                    element=f"unit '{name}'",
                )

    def _check(self, element: Any, formula: Expression, wanted: Unit | None, what: str) -> None:
        try:
            got = unit_of(formula, self.known)
            if got is not None and wanted is not None:
                _compare(got, wanted, formula, what)
        except UnitsDisagreeError as error:
            raise self.table.source.refuse_at(element, f"the units do not agree: {error}; {_ADVICE}") from None

    def _check_species(self, reaction: ReactionDraft) -> None:
        """Check that what a reaction counts per time is what its species are counted in."""
        rate = self.known[reaction.name]
        rate = rate if rate is not None else self._unit_of_law(reaction)
        for name, _ in reaction.changes:
            own = self.table.quantities[name]
            wanted = self._per_time(self.declared.amount(own.element))
            factor = self.known.get(own.factor.name) if isinstance(own.factor, Symbol) else NUMBER
            if rate is None or wanted is None or factor is None or (rate * factor).equals(wanted):
                continue
            raise self.table.source.refuse_at(
                reaction.element.getKineticLaw(),
                f"the units do not agree: {in_words(reaction.law)} is in {rate * factor if own.factor else rate}, and "
                f"the amount of '{name}' per time in {wanted}; {_ADVICE}, or give the species a conversion factor",
            )

    def _unit_of_law(self, reaction: ReactionDraft) -> Unit | None:
        """Return the unit of a law as written, where the model does not say in what it counts reactions."""
        return unit_of(reaction.law, self.known)
