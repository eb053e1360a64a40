"""The table of a model -> `Network`: what is constant, what varies, what follows, in which order."""

from __future__ import annotations

import dataclasses
from typing import Any

from migralab.pathways.expression import ZERO, Expression, Number, Symbol, apply, symbols_in
from migralab.pathways.network import Constant, Event, Network, Reaction, Variable
from migralab.pathways.reader.events import read_events
from migralab.pathways.reader.order import LoopError, evaluation_order
from migralab.pathways.reader.quantity import Quantity, Table, settled_names
from migralab.pathways.reader.reactions import read_reactions
from migralab.pathways.reader.rewrite import add, div, mul
from migralab.pathways.reader.units.declared import DeclaredUnits


class Builder:
    """Collects the parts of a network.

    Parameters
    ----------
    table
        Everything that has a name and a number.
    declared
        Units of all of it.
    """

    def __init__(self, table: Table, declared: DeclaredUnits) -> None:
        self.table, self.declared = table, declared
        read_reactions(table)
        self.events = read_events(table)
        self.settled = settled_names(table)
        self.constants: list[Constant] = []
        self.variables: list[Variable] = []
        self.start: dict[str, Expression] = {}
        self.assigned: dict[str, Expression] = {}
        self.rates: dict[str, Expression] = {}
        self.kept_as: dict[str, str] = {}
        self.flow: dict[str, Expression] = self._flows()

    def _flows(self) -> dict[str, Expression]:
        """Return the change of amount per time of every species that reacts."""
        terms: dict[str, list[Expression]] = {}
        for reaction in self.table.reactions:
            for species, count in reaction.changes:
                symbol = Symbol(reaction.name)
                minus = count == Number(-1.0)
                terms.setdefault(species, []).append(apply("neg", symbol) if minus else mul(count, symbol))
        return {species: add(*own) for species, own in terms.items()}

    def size_of(self, species: Quantity) -> Expression:
        """Return the size of the compartment of a species."""
        return self.table.known[species.compartment]

    def _is_kept_as_amount(self, species: Quantity) -> bool:
        """Whether a concentration cannot be the state, since the size under it changes, or is zero."""
        if species.counts_amount or species.rule is not None or species.compartment not in self.table.quantities:
            return False
        size = self.table.quantities[species.compartment]
        if species.rate is not None:
            return size.in_events
        return (not size.is_fixed and size.name not in self.settled) or (size.number == 0.0 and size.initial is None)

    def amount_of(self, species: Quantity) -> Expression:
        """Return the amount of a species."""
        own = Symbol(species.name)
        if species.counts_amount:
            return own
        if species.name in self.kept_as:
            return Symbol(self.kept_as[species.name])
        return mul(own, self.size_of(species))

    def concentration_of(self, species: Quantity) -> Expression:
        """Return the concentration of a species."""
        own = Symbol(species.name)
        return div(own, self.size_of(species)) if species.counts_amount else own

    def _unit(self, element: Any, what: str) -> str:
        own = self.table.quantities.get(element.getIdAttribute())
        unit = self.declared.of(element, what, counts_amount=own is not None and own.counts_amount)
        return unit.text if unit is not None else ""

    def _units(self) -> dict[str, str]:
        """Return the unit of everything that is shown, where the model declares it and it has a name."""
        units = {own.name: self._unit(own.element, "own") for own in self.table.quantities.values()}
        for reaction in self.table.reactions:
            unit = self.declared.law(reaction.element.getKineticLaw())
            units[reaction.name] = unit.text if unit is not None else ""
        return {name: unit for name, unit in units.items() if unit}

    def add_constant(self, name: str, value: float, element: Any, what: str = "own") -> Symbol:
        """Add a constant and return its symbol."""
        meaning = element.getName() if element.isSetName() else ""
        self.constants.append(Constant(name=name, value=value, unit=self._unit(element, what), meaning=meaning))
        return Symbol(name)

    def add_variable(self, name: str, start: Expression, quantity: Quantity, what: str = "own") -> None:
        """Add an entry of the state."""
        element = quantity.element
        meaning = element.getName() if element.isSetName() else ""
        self.variables.append(Variable(name=name, unit=self._unit(element, what), meaning=meaning))
        self.start[name] = start

    def build(self) -> None:
        """Place every quantity."""
        for quantity in self.table.quantities.values():
            if quantity.kind == "species" and self._is_kept_as_amount(quantity):
                self.kept_as[quantity.name] = self.table.unused(f"{quantity.name}__amount")
        for quantity in self.table.quantities.values():
            self._place(quantity)
        for name, value, element in self.table.local:
            self.add_constant(name, value, element)
        for reaction in self.table.reactions:
            self.assigned[reaction.name] = reaction.law
        self._add_wanted_rates()

    def _place(self, quantity: Quantity) -> None:
        name = quantity.name
        if quantity.rule is not None:
            self.assigned[name] = quantity.rule
        elif name in self.kept_as:
            self._place_amount(quantity, self.kept_as[name])
        elif quantity.is_fixed:
            self._place_fixed(quantity)
        else:
            self.add_variable(name, self._start(quantity), quantity)
            if quantity.rate is not None:
                self.rates[name] = quantity.rate
            elif name in self.flow:
                flow = self.flow[name]
                self.rates[name] = flow if quantity.counts_amount else div(flow, self.size_of(quantity))

    def _place_fixed(self, quantity: Quantity) -> None:
        name = quantity.name
        if quantity.initial is not None:
            if name in self.settled:
                self.assigned[name] = quantity.initial
            else:
                self.add_variable(name, quantity.initial, quantity)
        elif quantity.kind != "species" or (quantity.number_is == "amount") == quantity.counts_amount:
            self.add_constant(name, quantity.number, quantity.element)
        else:
            if quantity.compartment not in self.settled and quantity.compartment in self.table.quantities:
                self.add_variable(
                    name, self._start(quantity), quantity
                )  # the size of the start counts, not that of now
                return
            own = self.table.unused(f"{name}__{quantity.number_is}")
            symbol = self.add_constant(own, quantity.number, quantity.element, quantity.number_is)
            size = self.size_of(quantity)
            self.assigned[name] = mul(symbol, size) if quantity.counts_amount else div(symbol, size)

    def _place_amount(self, species: Quantity, amount: str) -> None:
        size = self.size_of(species)
        self.assigned[species.name] = div(Symbol(amount), size)
        if species.initial is None and species.number_is == "amount" and species.is_fixed:
            self.add_constant(amount, species.number, species.element, "amount")
            return
        if species.initial is not None or species.number_is == "concentration":
            start = mul(self._start(species), size)
        else:
            start = self._start_constant(species, f"start_of_{amount}")
        self.add_variable(amount, start, species, "amount")
        if species.rate is not None:
            growth = mul(Symbol(species.name), self.rate_of(species.compartment))
            self.rates[amount] = add(mul(species.rate, size), growth)
        elif species.name in self.flow:
            self.rates[amount] = self.flow[species.name]

    def _start_constant(self, quantity: Quantity, name: str) -> Symbol:
        what = quantity.number_is or "own"
        return self.add_constant(self.table.unused(name), quantity.number, quantity.element, what)

    def _start(self, quantity: Quantity) -> Expression:
        """Return the start of a quantity, as what its name means."""
        if quantity.initial is not None:
            return quantity.initial
        if quantity.kind != "species" or (quantity.number_is == "amount") == quantity.counts_amount:
            return self._start_constant(quantity, f"start_of_{quantity.name}")
        symbol = self._start_constant(quantity, f"start_of_{quantity.name}__{quantity.number_is}")
        size = self.size_of(quantity)
        return mul(symbol, size) if quantity.counts_amount else div(symbol, size)

    def rate_of(self, name: str) -> Expression:
        """Return the symbol of the rate of a name."""
        return self.table.formulas.rate_symbol(name)

    def _add_wanted_rates(self) -> None:
        """Give every rate that a formula asks for its expression; rates may ask for further rates."""
        wanted = self.table.formulas.rates_wanted
        done: set[str] = set()
        while missing := [name for name in wanted if name not in done]:
            for name in missing:
                self.assigned[self.table.unused(wanted[name])] = self._rate(name)
                done.add(name)

    def _rate(self, name: str) -> Expression:
        if name in self.kept_as:
            species = self.table.quantities[name]
            if species.rate is not None:
                return species.rate
            size = self.size_of(species)
            loss = mul(Symbol(name), self.rate_of(species.compartment))
            flow = self.rates.get(self.kept_as[name], ZERO)
            return div(apply("sub", flow, loss), size)
        if name in self.rates:
            return self.rates[name]
        quantity = self.table.quantities.get(name)
        if name in self.settled or quantity is None or quantity.rule is None:
            if any(name == reaction.name for reaction in self.table.reactions) and name not in self.settled:
                raise self.table.source.refuse(
                    f"the rate of the reaction '{name}' is asked for; give a variable instead"
                )
            return ZERO
        raise self.table.source.refuse_at(
            quantity.element, "its rate is asked for, but it has an assignment rule; give rateOf a variable instead"
        )

    def network(self, name: str, title: str, time_unit_s: float | None) -> Network:
        """Return the network."""
        self.build()
        species = [own for own in self.table.quantities.values() if own.kind == "species"]
        reactions = {own.name for own in self.table.reactions}
        shown = {own: value for own, value in self.table.known.items() if own in reactions or value != Symbol(own)}
        shown |= {own: Symbol(own) for own in self.table.quantities}
        assigned = self._in_order(self.assigned, "they assign each other; give one a start value and a rate rule")
        starts = self._in_order(self.start | self.assigned, "each needs the other at the start; give one a number")
        return Network(
            name=name,
            title=title,
            time_unit_s=time_unit_s,
            constants=tuple(self.constants),
            variables=tuple(self.variables),
            start=tuple((own, self.start[own]) for own in starts if own in self.start),
            assigned=tuple((own, self.assigned[own]) for own in assigned),
            rates={own.name: self.rates[own.name] for own in self.variables if own.name in self.rates},
            reactions=tuple(self._reaction(own) for own in self.table.reactions),
            events=tuple(self._event(own) for _, own in self.events),
            shown=shown,
            units=self._units(),
            amounts={own.name: self.amount_of(own) for own in species},
            concentrations={own.name: self.concentration_of(own) for own in species},
        )

    def _in_order(self, formulas: dict[str, Expression], advice: str) -> list[str]:
        try:
            return evaluation_order({name: symbols_in(formula) for name, formula in formulas.items()})
        except LoopError as loop:
            first = loop.names[0]
            source = self.table.source
            message = f"algebraic loop {loop}: {advice}"
            element = self.table.model.getElementBySId(first)
            if element is None:
                raise source.refuse(message, line=source.line_of(first), element=f"'{first}'") from None
            raise source.refuse_at(element, message) from None

    def _reaction(self, draft: Any) -> Reaction:
        change: dict[str, list[Expression]] = {}
        for species, count in draft.changes:
            quantity = self.table.quantities[species]
            if quantity.rule is not None or quantity.rate is not None:
                continue
            name = self.kept_as.get(species, species)
            is_amount = name != species or quantity.counts_amount
            change.setdefault(name, []).append(count if is_amount else div(count, self.size_of(quantity)))
        total = {name: _simple_sum(parts) for name, parts in change.items()}
        return Reaction(name=draft.name, law=draft.law, change=total, reversible=bool(draft.element.getReversible()))

    def _event(self, event: Event) -> Event:
        sets = []
        for name, formula in event.sets:
            if name in self.kept_as:
                species = self.table.quantities[name]
                # of the size before, also where the same event sets the size (semantic case 01780)
                sets.append((self.kept_as[name], mul(formula, self.size_of(species))))
            else:
                sets.append((name, formula))
        return dataclasses.replace(event, sets=tuple(sets))


def _simple_sum(parts: list[Expression]) -> Expression:
    if all(isinstance(part, Number) for part in parts):
        return Number(sum(part.value for part in parts if isinstance(part, Number)))
    return add(*parts)
