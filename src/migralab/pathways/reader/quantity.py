"""The table of a model: everything that has a name and a number, and what determines the number."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from migralab.pathways.expression import TIME, Expression, Number, Symbol, symbols_in
from migralab.pathways.reader.formula import Formulas
from migralab.pathways.reader.text.source import Source

Kind = Literal["compartment", "species", "parameter", "reference"]


@dataclass(slots=True, kw_only=True)
class Quantity:
    """Something with a name and a number.

    Parameters
    ----------
    number
        As the model states it; NaN where it does not.
    number_is
        Of a species: whether `number` is its ``"amount"`` or its ``"concentration"``.
    counts_amount
        Of a species: whether its name means its amount in formulas.
    rule, rate, initial
        Assignment rule, rate rule and initial assignment.
    reacts, in_events
        Whether a reaction, an event changes it.
    """

    name: str
    kind: Kind
    element: Any
    number: float = math.nan
    number_is: str = ""
    counts_amount: bool = False
    compartment: str = ""
    factor: Expression | None = None
    rule: Expression | None = None
    rate: Expression | None = None
    initial: Expression | None = None
    reacts: bool = False
    in_events: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether nothing changes it after the start."""
        return self.rule is None and self.rate is None and not self.reacts and not self.in_events


@dataclass(slots=True, kw_only=True)
class ReactionDraft:
    """A reaction with its law and what it changes: species, sign times stoichiometry."""

    name: str
    element: Any
    law: Expression
    changes: list[tuple[str, Expression]] = field(default_factory=list)


class Table:
    """Everything in a model that has a name and a number.

    Parameters
    ----------
    source
        For refusals.
    model
        libsbml's model.
    """

    def __init__(self, source: Source, model: Any) -> None:
        self.source, self.model = source, model
        self.formulas = Formulas({own.getIdAttribute(): own for own in model.getListOfFunctionDefinitions()})
        self.quantities: dict[str, Quantity] = {}
        self.reactions: list[ReactionDraft] = []
        self.local: list[tuple[str, float, Any]] = []
        self.taken = {TIME}
        self.known: dict[str, Expression] = {}
        self._collect()
        self._read_rules()

    def unused(self, name: str) -> str:
        """Return `name`, with underscores added until nothing else in the model is called so."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def read(self, element: Any, math_node: Any, more: Mapping[str, Expression] | None = None) -> Expression:
        """Return the formula of an element; `more` are names known in it alone."""
        return self.formulas.read(
            math_node,
            ChainMap(dict(more), self.known) if more else self.known,
            lambda text: self.source.refuse_at(element, text),
        )

    def _add(self, quantity: Quantity) -> None:
        if quantity.name in self.known:
            raise self.source.refuse_at(quantity.element, "its name is used twice; rename one")
        self.quantities[quantity.name] = quantity
        self.known[quantity.name] = Symbol(quantity.name)
        self.taken.add(quantity.name)

    def _collect(self) -> None:
        model = self.model
        for own in model.getListOfCompartments():
            number = own.getSize() if own.isSetSize() else math.nan
            if self.source.language == "Antimony" and _is_default(own):
                self.known["default_compartment"] = Number(1.0)  # nobody wrote it, so it is no constant of the model
                self.taken.add("default_compartment")
                continue
            self._add(Quantity(name=own.getIdAttribute(), kind="compartment", element=own, number=number))
        for own in model.getListOfParameters():
            number = own.getValue() if own.isSetValue() else math.nan
            self._add(Quantity(name=own.getIdAttribute(), kind="parameter", element=own, number=number))
        for own in model.getListOfSpecies():
            self._add(self._species(own))
        for reaction in model.getListOfReactions():
            if reaction.getIdAttribute() in self.known:
                raise self.source.refuse_at(
                    reaction, f"the name '{reaction.getIdAttribute()}' is used twice; rename one"
                )
            law = reaction.getKineticLaw()
            has_law = law is not None and law.isSetMath()  # else it has no rate, and changes nothing
            self.known[reaction.getIdAttribute()] = Symbol(reaction.getIdAttribute()) if has_law else Number(math.nan)
            self.taken.add(reaction.getIdAttribute())
            for reference, _ in references(reaction):
                if reference.getIdAttribute() and self.model.getLevel() > 2:
                    number = _stoichiometry(reference)
                    self._add(
                        Quantity(name=reference.getIdAttribute(), kind="reference", element=reference, number=number)
                    )
        for quantity in self.quantities.values():
            if quantity.kind == "species":
                quantity.factor = self._factor(quantity.element)

    def _species(self, own: Any) -> Quantity:
        compartment = self.model.getCompartment(own.getCompartment())
        if compartment is None:
            raise self.source.refuse_at(
                own, f"compartment '{own.getCompartment()}' is not declared; add it, or put the species into another"
            )
        flat = compartment.getSpatialDimensionsAsDouble() == 0.0
        sized = self.model.getLevel() > 2 and compartment.isSetSize()
        quantity = Quantity(
            name=own.getIdAttribute(),
            kind="species",
            element=own,
            compartment=own.getCompartment(),
            counts_amount=own.getHasOnlySubstanceUnits() or (flat and not sized),
        )
        if own.isSetInitialAmount():
            quantity.number, quantity.number_is = own.getInitialAmount(), "amount"
        elif own.isSetInitialConcentration():
            quantity.number, quantity.number_is = own.getInitialConcentration(), "concentration"
        else:
            quantity.number_is = "amount" if quantity.counts_amount else "concentration"
        return quantity

    def _factor(self, species: Any) -> Expression | None:
        name = species.getConversionFactor() or self.model.getConversionFactor()
        if not name:
            return None
        if name not in self.quantities:
            raise self.source.refuse_at(species, f"its conversion factor '{name}' is not declared; add the parameter")
        return Symbol(name)

    def _target(self, element: Any, name: str) -> Quantity:
        if name not in self.quantities:
            raise self.source.refuse_at(
                element, f"'{name}' is not declared; declare it as species, compartment or parameter"
            )
        return self.quantities[name]

    def _read_rules(self) -> None:
        for own in self.model.getListOfInitialAssignments():
            target = self._target(own, own.getSymbol())
            if own.isSetMath():
                target.initial = self.read(own, own.getMath())
        for own in self.model.getListOfRules():
            if own.isAlgebraic():
                if not own.isSetMath():
                    continue
                raise self.source.refuse_at(
                    own, "algebraic rules are not supported; solve the equation for one quantity and assign it"
                )
            target = self._target(own, own.getVariable())
            if not own.isSetMath():
                continue
            formula = self.read(own, own.getMath())
            if own.isRate():
                target.rate = formula
            else:
                target.rule = formula
        for quantity in self.quantities.values():
            if quantity.rule is not None and quantity.rate is not None:
                raise self.source.refuse_at(
                    quantity.element, "it has both an assignment rule and a rate rule; keep one"
                )


def _is_default(compartment: Any) -> bool:
    """Return whether it is the compartment that Antimony puts species into of which no compartment is told."""
    is_plain = compartment.getConstant() and compartment.isSetSize() and compartment.getSize() == 1.0
    return bool(compartment.getIdAttribute() == "default_compartment" and is_plain)


def references(reaction: Any) -> Iterator[tuple[Any, float]]:
    """Yield the reactants of a reaction with -1 and its products with 1."""
    for own in reaction.getListOfReactants():
        yield own, -1.0
    for own in reaction.getListOfProducts():
        yield own, 1.0


def _stoichiometry(reference: Any) -> float:
    """Return a stoichiometry that is a number; NaN where Level 3 leaves it out, 1 where Levels 1 and 2 do."""
    if reference.getLevel() < 3:
        return float(reference.getStoichiometry()) / float(reference.getDenominator() or 1)
    return float(reference.getStoichiometry()) if reference.isSetStoichiometry() else math.nan


def stoichiometry(table: Table, reference: Any) -> Expression:
    """Return what a species reference counts: its own symbol, a formula, or a number."""
    if reference.getLevel() > 2 and reference.getIdAttribute():
        return Symbol(reference.getIdAttribute())
    if reference.getLevel() == 2 and reference.isSetStoichiometryMath():
        own = reference.getStoichiometryMath()
        if own.isSetMath():
            return table.read(reference, own.getMath())
    return Number(_stoichiometry(reference))


def settled_names(table: Table) -> set[str]:
    """Return the names whose number follows from constants alone, so that it cannot change in a run."""
    waiting: dict[str, frozenset[str]] = {}
    for own in table.quantities.values():
        formula = own.rule if own.rule is not None else own.initial if own.is_fixed else None
        needs = symbols_in(formula) if formula is not None else frozenset()
        if own.kind == "species" and formula is None and not own.counts_amount and own.compartment in table.quantities:
            needs = frozenset({own.compartment})
        if own.is_fixed or own.rule is not None:
            waiting[own.name] = needs
    waiting |= {own.name: symbols_in(own.law) for own in table.reactions}
    needed_by: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for name, needs in waiting.items():
        missing[name] = len(needs)
        for need in needs:
            needed_by.setdefault(need, []).append(name)
    local = [name for name, _, _ in table.local]
    ready = [*local, *(name for name, count in missing.items() if count == 0)]
    settled = set(ready)
    while ready:  # what is in a loop, or needs something that changes, is never ready
        for name in needed_by.get(ready.pop(), ()):
            missing[name] -= 1
            if missing[name] == 0:
                settled.add(name)
                ready.append(name)
    return settled
