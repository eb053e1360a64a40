"""Makes the class of a mechanism from a pathway: its columns, its signals, its parameters."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from migralab.core.errors import PathwayError, UnknownIdError
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.pathways.numbers import SHARED, make_parameters
from migralab.mechanisms.pathways.pathway import Layout, PathwayMechanism
from migralab.pathways.counted.split import part
from migralab.pathways.load import load_network
from migralab.pathways.network import Network
from migralab.pathways.shipped import Described, describe, pathway_ids
from migralab.spec.pathway import ROOM, Pathway

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def find_kind(name: str, own: Mapping[str, Pathway]) -> type[PathwayMechanism] | None:
    """Return the mechanism ``pathways.NAME``, or None if there is no such pathway.

    Parameters
    ----------
    name
        As it stands among the mechanisms of an experiment.
    own
        What stands under ``pathways`` there.

    Raises
    ------
    PathwayError
        If the model cannot be read, or its seams do not fit it.
    """
    pathway = name.removeprefix(ROOM)
    if pathway == name or (pathway not in own and pathway not in pathway_ids()):
        return None
    seams = own.get(pathway)
    return make_kind(pathway, "" if seams is None else seams.model_dump_json(exclude_unset=True))


@functools.lru_cache(maxsize=64)
def make_kind(name: str, seams: str) -> type[PathwayMechanism]:
    """Return the mechanism of a pathway; `seams` is what the experiment says of it, as JSON, or nothing."""
    described = describe(name, Pathway.model_validate_json(seams) if seams else None)
    whole = load_network(described.seams.text, described.file)
    _refuse_misfit(described, whole)
    if described.seams.counted:
        part(whole, described.seams.counted)  # refuses what cannot be counted, whether an arm counts or not
    read = [symbol for symbol, own in described.seams.inputs.items() if own and own.signal]
    network = whole.with_inputs(read)
    layout = _lay_out(described, network)
    parameters = make_parameters(described, network)
    parameters.origin = (name, seams)
    return type(
        f"Pathway {name}",
        (PathwayMechanism,),
        {
            "described": described, "network": network, "layout": layout,
            "second": 1.0 / _unit_of_time(described, whole),
            "resting": tuple(next(c for c in whole.constants if c.name == symbol) for symbol in read),
            "parameters": parameters, "name": f"{ROOM}{name}", "columns": _columns(described, layout),
            "signals": _signals(described, layout), "__doc__": described.title or None,
            "grasps": frozenset(layout.taken),
            "varies": frozenset(parameters.model_fields) - (set(SHARED) - {"active"}),
        },
    )  # fmt: skip


def _refuse_misfit(described: Described, network: Network) -> None:
    """Refuse seams that name what the model does not have.

    Raises
    ------
    PathwayError
        With the names that it has.
    """
    constants, variables = [c.name for c in network.constants], [v.name for v in network.variables]
    for field, kind, known in (
        ("inputs", "constant of the model", constants), ("parameters", "constant of the model", constants),
        ("takes", "variable of the model", variables), ("counted", "variable of the model", variables),
        ("outputs", "symbol of the model", list(network.shown)),
    ):  # fmt: skip
        for symbol in getattr(described.seams, field):
            if symbol not in known:
                raise PathwayError(f"{described.file} ({field}): {UnknownIdError(kind, symbol, known)}")
    for symbol in described.seams.takes:
        unit = next(v.unit for v in network.variables if v.name == symbol)
        if unit != "molecules":  # daughters share molecules alone: anything else would be doubled at a division
            raise PathwayError(
                f"{described.file} (takes): '{symbol}' receives molecules, and the model keeps it in "
                f"{unit or 'no unit'}. Declare it as a substance-only species in items: 'unit substance = item' and "
                f"'substanceOnly species {symbol}' in Antimony."
            )


def _unit_of_time(described: Described, network: Network) -> float:
    """Return the unit of time of the model, s."""
    stated, said = network.time_unit_s, described.seams.time
    if stated is None and not said:
        raise PathwayError(
            f"{described.file}: the model states no unit of time. Write 'unit time_unit = 3600 second' in Antimony or "
            f"timeUnits in SBML, or 'time: h' (or min, s) under pathways.{described.id}."
        )
    if stated is not None and said and stated != _SECONDS[said]:
        raise PathwayError(
            f"{described.file}: the model counts time in {stated:g} s, and pathways.{described.id} says "
            f"'time: {said}'. Take one of them out."
        )
    return _SECONDS[said] if stated is None else stated


def _lay_out(described: Described, network: Network) -> Layout:
    prefix = described.id.replace("-", "_")
    variables = {variable.name: f"{prefix}_{variable.name}" for variable in network.variables}
    outputs = described.seams.outputs or dict.fromkeys(variables)
    shown = {symbol: f"{prefix}_{symbol}" for symbol in outputs}
    units_of = {variable.name: variable.unit for variable in network.variables} | dict(network.units)
    events = len(network.events)
    return Layout(
        variables=variables,
        # Whether each trigger was true, and two rows for choices between equals (`Compiled.memory`)
        memory=tuple(f"{prefix}__memory_{k}" for k in range(events + 2 if events else 0)),
        step=f"{prefix}__step",
        outputs=shown,
        taken={take.cargo: f"{prefix}__taken_{take.cargo}" for take in described.seams.takes.values() if take},
        units={name: unit for symbol, name in (variables | shown).items() if (unit := units_of.get(symbol, ""))},
    )


def _columns(described: Described, layout: Layout) -> tuple[Column, ...]:
    def column(name: str, meaning: str, unit: str = "", *, shared: bool = False) -> Column:
        return Column(
            path=f"cells.{name}", dtype="float64", unit=unit, meaning=meaning, inherit="share" if shared else "copy"
        )

    words = _words(described)
    kept = {name: layout.units.get(name, "") for name in layout.variables.values()}
    return (
        # Daughters share molecules; levels and concentrations are the same in both
        *(column(name, words.get(symbol, symbol), kept[name], shared=kept[name] == "molecules")
          for symbol, name in layout.variables.items()),
        *(column(name, "what an event remembers") for name in layout.memory),
        column(layout.step, "last good step of the integrator, in the model's time"),
        *(column(layout.outputs[symbol], words.get(symbol, symbol), layout.units.get(layout.outputs[symbol], ""))
          for symbol in layout.assigned),
        *(column(name, f"delivered {cargo.replace('_', ' ')} that went into it", "molecules", shared=True)
          for cargo, name in layout.taken.items()),
    )  # fmt: skip


def _words(described: Described) -> dict[str, str]:
    return {symbol: own.description or own.name for symbol, own in described.seams.outputs.items() if own}


def _signals(described: Described, layout: Layout) -> tuple[Signal, ...]:
    words = _words(described)
    return tuple(
        Signal(
            name=(own.name if (own := described.seams.outputs.get(symbol)) else "") or f"{symbol} of {described.id}",
            column=f"cells.{name}", unit=layout.units.get(name, ""), meaning=words.get(symbol, ""),
        )
        for symbol, name in layout.outputs.items()
    )  # fmt: skip
