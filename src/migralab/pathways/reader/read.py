"""A model in Antimony or SBML -> `Network`."""

from __future__ import annotations

import functools
import importlib
import threading
import warnings
from dataclasses import replace
from pathlib import Path

from migralab.pathways.expression import TIME, symbols_in
from migralab.pathways.network import Network
from migralab.pathways.reader.build import Builder
from migralab.pathways.reader.order import count_paths
from migralab.pathways.reader.quantity import Table
from migralab.pathways.reader.start import check_the_start, refuse_undeclared
from migralab.pathways.reader.text.antimony import to_sbml
from migralab.pathways.reader.text.document import check_consistency, free_time, open_model
from migralab.pathways.reader.text.file import read_text
from migralab.pathways.reader.text.guard import check_sbml
from migralab.pathways.reader.text.source import Source
from migralab.pathways.reader.units.consistency import Check
from migralab.pathways.reader.units.declared import DeclaredUnits

_ONE_AT_A_TIME = threading.RLock()  # libantimony keeps its models in globals


@functools.cache
def _load_libraries() -> None:
    """Import the two libraries; their wrappers warn of themselves on Python 3.12 and later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("libsbml")
        importlib.import_module("antimony")


def read_model(text: str, name: str = "<text>", *, check_start: bool = True, check_units: bool = True) -> Network:
    """Return the network that a text in Antimony or SBML describes.

    Parameters
    ----------
    text
        Antimony, or SBML of any level; SBML begins with ``<``.
    name
        What messages call it, usually its file.
    check_start
        Whether a rate or an assigned quantity that is not finite at the start is refused.
    check_units
        Whether declared units that contradict each other are refused.

    Raises
    ------
    PathwayError
        If it cannot be read, or asks for what is not supported: with file, line, element and what to do.
    """
    text = text.removeprefix("\ufeff")
    is_sbml = text.lstrip().startswith("<")
    source = Source(name, text, "SBML" if is_sbml else "Antimony")
    with _ONE_AT_A_TIME:
        _load_libraries()
        document, model = open_model(source, check_sbml(source) if is_sbml else to_sbml(source))
        called_time = free_time(model)
        declared = DeclaredUnits(model)
        builder = Builder(Table(source, model), declared)
        if not is_sbml:
            refuse_undeclared(builder.table)
            if not builder.table.known:
                raise source.refuse("there is nothing in it; write reactions, rules or values")
        own_name = model.getIdAttribute().removeprefix("__main") or Path(name).stem  # Antimony's word for no name
        network = builder.network(own_name, model.getName(), declared.time_unit_s)
        chains = {own: symbols_in(formula) for own, formula in (*network.start, *network.assigned)}
        check_consistency(source, document, *count_paths(chains))
        if check_units:
            Check(builder.table, declared).equations(builder.events)
        if check_start:
            check_the_start(network, builder.table)
        del document
    if called_time != TIME:
        shown = {TIME if own == called_time else own: value for own, value in network.shown.items()}
        units = {TIME if own == called_time else own: unit for own, unit in network.units.items()}
        network = replace(network, shown=shown, units=units)
    return network


def read_model_file(path: Path | str, *, check_start: bool = True, check_units: bool = True) -> Network:
    """Return the network that a file describes; see `read_model`.

    Raises
    ------
    PathwayError
        Also if the file is absent, or no text.
    """
    path = Path(path)
    return read_model(read_text(path), str(path), check_start=check_start, check_units=check_units)
