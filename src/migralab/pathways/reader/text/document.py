"""SBML text -> libsbml's tree of one flat model, with everything that is not supported refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from migralab.pathways.expression import TIME
from migralab.pathways.reader.order import count_paths
from migralab.pathways.reader.text.guard import check_submodels
from migralab.pathways.reader.text.source import Source, without_rules

HARMLESS = frozenset({"comp", "layout", "render", "groups", "l3v2extendedmath", "fbc"})
"""Packages that say nothing about the course in time, or that are taken apart here."""
MOST_ELEMENTS = 200_000
LONGEST_S = 60
_WRITE_OUT = """
import sys, libsbml
document = libsbml.readSBMLFromString(sys.stdin.buffer.read().decode())
for category in ("UNITS_CONSISTENCY", "SBO_CONSISTENCY", "MODELING_PRACTICE"):
    document.setConsistencyChecks(getattr(libsbml, "LIBSBML_CAT_" + category), False)
document.getErrorLog().clearLog()
document.checkConsistency()
properties = libsbml.ConversionProperties()
for name, value in (("flatten comp", "true"), ("abortIfUnflattenable", "requiredOnly"), ("leavePorts", "false"),
                    ("performValidation", "false")):  # done above, without units, which take minutes
    properties.addOption(name, value)
code = 0 if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) else document.convert(properties)
errors = [document.getError(place) for place in range(document.getNumErrors())]
wrong = [own.getMessage() for own in errors if own.getSeverity() >= libsbml.LIBSBML_SEV_ERROR
         and own.getErrorId() != libsbml.CompModelFlatteningFailed]
if code or wrong:
    sys.exit((wrong or ["they do not fit together"])[0])
sys.stdout.buffer.write(libsbml.writeSBMLToString(document).encode())
"""
MOST_CHECKED, MOST_WAYS_CHECKED, LONGEST_CHECKED = 2_000, 200_000, 100
"""Formulas, and chains of assignments, up to which libsbml's own checks take less than about a second."""


def open_model(source: Source, text: str) -> tuple[Any, Any]:
    """Return libsbml's document and its model; keep the document as long as the model is used.

    Parameters
    ----------
    text
        SBML that `guard.check_sbml` let pass, or that libantimony wrote.

    Raises
    ------
    PathwayError
        If the text is no valid SBML, or uses a package that is not supported.
    """
    import libsbml

    document = libsbml.readSBMLFromString(text)
    _refuse_unknown_packages(source, document)
    _refuse_errors(source, document)
    if document.getModel() is None:
        raise source.refuse("there is no model in it; add one")
    _refuse_packages(source, document)
    document = _flatten(source, document, text)
    model = document.getModel()
    _refuse_constraints(source, model)
    return document, model


def _refuse_errors(source: Source, document: Any) -> None:
    import libsbml

    for number in range(document.getNumErrors()):
        error = document.getError(number)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR and not _is_harmless(error):
            line = None if source.flattened or source.language != "SBML" else error.getLine() or None
            raise source.refuse(f"this is not right in SBML: {without_rules(error.getMessage())}", line=line)


def _is_harmless(error: Any) -> bool:
    """Return whether it is about a unit that the model names as a default, and need not be used anywhere."""
    import libsbml

    unknown_unit = error.getErrorId() == libsbml.DanglingUnitReference
    return unknown_unit and re.search(r"The (time|extent|volume|area|length)Units '", error.getMessage()) is not None


def check_consistency(source: Source, document: Any, ways: int, longest: int) -> None:
    """Run libsbml's checks of names and formulas, for what the reader itself does not see.

    Those whose time explodes on large or hostile models are left out there, and those of units always: `units` has its
    own. It comes last, since the reader's own messages are shorter, and it bounds what functions expand to.

    Parameters
    ----------
    ways, longest
        Of the chains of assignments, from `order.count_paths`.

    Raises
    ------
    PathwayError
        With libsbml's words.
    """
    import libsbml

    left_out = [
        libsbml.LIBSBML_CAT_UNITS_CONSISTENCY,
        libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
        libsbml.LIBSBML_CAT_MODELING_PRACTICE,
    ]
    model = document.getModel()
    formulas = model.getNumReactions() + model.getNumRules() + model.getNumInitialAssignments()
    calls = {own.getIdAttribute(): _calls(own) for own in model.getListOfFunctionDefinitions()}
    longest = max(longest, 3 * count_paths(calls)[1])
    if formulas > MOST_CHECKED or ways > MOST_WAYS_CHECKED or longest > LONGEST_CHECKED:
        left_out += [libsbml.LIBSBML_CAT_GENERAL_CONSISTENCY, libsbml.LIBSBML_CAT_MATHML_CONSISTENCY]
    for category in left_out:
        document.setConsistencyChecks(category, False)  # noqa: FBT003 # SWIG takes arguments by place
    document.getErrorLog().clearLog()
    document.checkConsistency()
    _refuse_errors(source, document)


def _calls(definition: Any) -> set[str]:
    """Return the functions that a function definition calls."""
    import libsbml

    found: set[str] = set()
    todo = [definition.getMath()] if definition.isSetMath() else []
    while todo:
        node = todo.pop()
        if node.getType() == libsbml.AST_FUNCTION:
            found.add(node.getName())
        todo.extend(node.getChild(place) for place in range(node.getNumChildren()))
    return found


def _refuse_unknown_packages(source: Source, document: Any) -> None:
    for number in range(document.getNumUnknownPackages()):
        prefix = document.getUnknownPackagePrefix(number)
        if document.getPkgRequired(document.getUnknownPackageURI(number)):
            raise source.refuse(
                f"the SBML package '{prefix}' changes what the model means and is not supported; "
                "export the model without it"
            )


def _refuse_packages(source: Source, document: Any) -> None:
    for number in range(document.getNumPlugins()):
        plugin = document.getPlugin(number)
        package = plugin.getPackageName()
        if package not in HARMLESS and document.getPackageRequired(package):
            raise source.refuse(
                f"the SBML package '{package}' changes what the model means and is not supported; "
                "export the model without it"
            )
    model = document.getModel()
    balance = model.getPlugin("fbc")
    if balance is not None and (balance.getNumObjectives() or balance.getNumFluxBounds() or _has_bounds(model)):
        raise source.refuse_at(
            model, "flux balance (package 'fbc') is not supported: it gives no course in time; write kinetic laws"
        )
    if model.getPlugin("qual") is not None:
        raise source.refuse_at(model, "qualitative models (package 'qual') are not supported; write rates")


def _has_bounds(model: Any) -> bool:
    plugins = [own.getPlugin("fbc") for own in model.getListOfReactions()]
    return any(
        own is not None
        and hasattr(own, "isSetLowerFluxBound")
        and (own.isSetLowerFluxBound() or own.isSetUpperFluxBound())
        for own in plugins
    )


def _refuse_constraints(source: Source, model: Any) -> None:
    for own in model.getListOfConstraints():
        if own.isSetMath():
            raise source.refuse_at(own, "constraints are not supported, since a run would not stop at them; delete it")


def _flatten(source: Source, document: Any, text: str) -> Any:
    """Return the document with the submodels of a hierarchical model written out."""
    import libsbml

    plugin = document.getPlugin("comp")
    if plugin is None:
        return document
    if plugin.getNumExternalModelDefinitions():
        own = plugin.getExternalModelDefinition(0)
        raise source.refuse_at(
            own, f"it lies in another file ('{own.getSource()}'), and a model must not open files; put it into this one"
        )
    uses = {name: [sub.getModelRef() for sub in _submodels(own)] for name, own in _definitions(document)}
    for _, model in _definitions(document):
        for own in _submodels(model):
            if own.getModelRef() not in uses:
                raise source.refuse_at(own, f"there is no model '{own.getModelRef()}'; define it, or correct the name")
    check_submodels(source, uses)
    source.flattened.append("comp")
    flat = libsbml.readSBMLFromString(_written_out(source, text))
    _refuse_errors(source, flat)
    if flat.getModel() is None or flat.getModel().getListOfAllElements().getSize() > MOST_ELEMENTS:
        raise source.refuse(f"written out it has more than {MOST_ELEMENTS:,} elements; use fewer copies")
    return flat


def _written_out(source: Source, text: str) -> str:
    """Return a model with its submodels written out by another process: libsbml crashes at some that are wrong."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _WRITE_OUT], input=text.encode(), capture_output=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise source.refuse(
            f"its submodels took longer than {LONGEST_S} s to write out; write the model flat"
        ) from None
    if done.returncode == 1:
        raise source.refuse(
            f"its submodels cannot be written out: {without_rules(done.stderr.decode(errors='replace'))}"
        )
    if done.returncode != 0:
        raise source.refuse("its submodels cannot be written out, libsbml broke down; check what they refer to")
    return done.stdout.decode()


def _definitions(document: Any) -> Iterator[tuple[str, Any]]:
    plugin = document.getPlugin("comp")
    yield "", document.getModel()
    for number in range(plugin.getNumModelDefinitions()):
        own = plugin.getModelDefinition(number)
        yield own.getIdAttribute(), own


def _submodels(model: Any) -> list[Any]:
    plugin = model.getPlugin("comp")
    return [plugin.getSubmodel(number) for number in range(plugin.getNumSubmodels())] if plugin else []


def free_time(model: Any) -> str:
    """Rename what is called ``time`` in a model, since that is what formulas call the time, and return its new name."""
    if model.getElementBySId(TIME) is None:
        return TIME
    new = f"{TIME}_"
    while model.getElementBySId(new) is not None:
        new += "_"
    elements = model.getListOfAllElements()
    for number in range(elements.getSize()):
        own = elements.get(number)
        if own.getIdAttribute() == TIME:  # a local parameter of this name too: it must go on hiding the other
            own.setIdAttribute(new)
        own.renameSIdRefs(TIME, new)
    return new
