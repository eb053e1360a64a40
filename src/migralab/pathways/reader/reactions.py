"""Reactions: laws with their local parameters, and what each changes."""

from __future__ import annotations

import math
from typing import Any

from migralab.pathways.expression import Expression, Number, Symbol
from migralab.pathways.reader.quantity import ReactionDraft, Table, references, stoichiometry
from migralab.pathways.reader.rewrite import mul


def read_reactions(table: Table) -> None:
    """Read all reactions into `table.reactions`, and mark the species that they change."""
    for own in table.model.getListOfReactions():
        if own.isSetFast() and own.getFast():
            raise table.source.refuse_at(
                own,
                "fast reactions are not supported; give it a rate that is large against the others, "
                "or assign its equilibrium",
            )
        law = own.getKineticLaw()
        if law is None or not law.isSetMath():
            continue
        draft = ReactionDraft(name=own.getIdAttribute(), element=own, law=_law(table, own, law))
        for reference, sign in references(own):
            species = table.quantities.get(reference.getSpecies())
            if species is None or species.kind != "species":
                raise table.source.refuse_at(
                    reference, f"species '{reference.getSpecies()}' is not declared; declare it"
                )
            if species.element.getBoundaryCondition() or species.element.getConstant():
                continue
            count = stoichiometry(table, reference)
            count = Number(sign * count.value) if isinstance(count, Number) else mul(Number(sign), count)
            species.reacts = True
            draft.changes.append((species.name, count if species.factor is None else mul(count, species.factor)))
        table.reactions.append(draft)


def _law(table: Table, reaction: Any, law: Any) -> Expression:
    """Return the law of a reaction, with its local parameters as constants of the network."""
    own_names: dict[str, Expression] = {}
    local = [*law.getListOfLocalParameters()] if law.getLevel() > 2 else [*law.getListOfParameters()]
    for own in local:
        name = table.unused(f"{reaction.getIdAttribute()}__{own.getIdAttribute()}")
        own_names[own.getIdAttribute()] = Symbol(name)
        table.local.append((name, own.getValue() if own.isSetValue() else math.nan, own))
    return table.read(law, law.getMath(), own_names)
