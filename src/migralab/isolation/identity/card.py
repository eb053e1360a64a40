"""A report card in the manner of MISEV2023: what was shown of a sample, what is missing. Nothing is invented.

A line is `shown` only if a row of the table shows it, or a person wrote it in the file about the sample. A marker of
vesicles must be found; a contaminant need only be looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from migralab.isolation.identity.belief import Feature
from migralab.isolation.identity.classify import Readings
from migralab.isolation.identity.document import AboutDocument
from migralab.isolation.identity.panel import Panel
from migralab.isolation.identity.rules import found_markers

SHOWN, MISSING, NOT_APPLICABLE = "shown", "missing", "not applicable"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the card.

    Parameters
    ----------
    asked
        What the guideline asks for.
    status
        ``shown``, ``missing`` or ``not applicable``.
    said
        By what it is shown, or what to do.
    """

    asked: str
    status: str
    said: str


def fill_card(readings: Readings, panel: Panel, about: AboutDocument | None, *, imaged: bool = False) -> list[Line]:
    """Return the lines of the card.

    Parameters
    ----------
    readings
        What the table holds; what is empty in all rows is not there.
    about
        Facts of the method that a person wrote; None where there are none.
    imaged
        Whether the table is a measurement of images in a dish, where nothing was isolated.
    """
    own = about or AboutDocument(schema=1)
    measured = [
        feature for place, feature in enumerate(readings.features)
        if not np.isnan(readings.values[:, place]).all()
    ]  # fmt: skip
    looked = _by_kind((feature.marker for feature in measured if feature.marker), panel)
    rows = range(len(readings.ids))
    positive = {marker for row in rows for marker in found_markers(readings, row)}
    found = _by_kind((feature.marker for feature in measured if feature.marker in positive), panel)
    ratios = [
        feature.marker for place, feature in enumerate(readings.features)
        if feature.quantity == "to_cell" and np.isfinite(readings.values[:, place]).any()
    ]  # fmt: skip
    return [
        _fact("source amount (cells, volume, tissue)", own.source_amount, "source_amount"),
        _fact("particle count of the preparation", own.particles, "particles", skip=imaged),
        _fact("protein of the preparation", own.protein, "protein", skip=imaged),
        _fact("isolation: speeds, times, rotor, gradient", own.isolation, "isolation", skip=imaged),
        _markers("a transmembrane marker", "transmembrane", found, looked, "TSPAN4, ITGA5, ITGB1, CD63, CD9 or CD81"),
        _markers("a cytosolic marker of vesicles", "cytosolic", found, looked, "ALIX, TSG101, ANXA1 or ANXA5"),
        _markers(
            "a contaminant looked for", "contaminant", looked, looked, "calnexin, Sec61a, GM130, Tim23 or histone H3"
        ),
        _ratio(ratios),
        _size(measured, own.size_method, imaged=imaged),
        _methods(own.single_particle_methods, imaged=imaged),
        _fact("detection limits", own.detection_limits, "detection_limits"),
        _fact("independent preparations", str(own.replicates) if own.replicates else None, "replicates"),
        _fact("the term used (size, marker, source)", own.name_used, "name_used"),
    ]


def _by_kind(markers: Iterable[str], panel: Panel) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for marker in dict.fromkeys(markers):
        kinds.setdefault(panel.markers[marker].kind, []).append(marker)
    return kinds


def _fact(asked: str, said: str | None, field: str, *, skip: bool = False) -> Line:
    if said:
        return Line(asked, SHOWN, said)
    if skip:
        return Line(asked, NOT_APPLICABLE, "an image of a dish: nothing was isolated")
    return Line(asked, MISSING, f"write {field} in the file of --about")


def _markers(
    asked: str, kind: str, found: dict[str, list[str]], looked: dict[str, list[str]], examples: str
) -> Line:  # fmt: skip
    if found.get(kind):
        return Line(asked, SHOWN, ", ".join(found[kind]))
    there = f"looked for and not found: {', '.join(looked[kind])}; " if looked.get(kind) else ""
    return Line(asked, MISSING, f"{there}measure for example {examples}")


def _ratio(found: list[str]) -> Line:
    if found:
        return Line("a ratio to the cell body", SHOWN, ", ".join(found))
    return Line("a ratio to the cell body", MISSING, "load the cell body beside the sample, at equal protein")


def _size(features: list[Feature], method: str | None, *, imaged: bool) -> Line:
    asked = "size, with its method"
    sized = Feature("", "diameter") in features
    method = method or ("fit of a blurred shell, migralab measure" if imaged else None)
    if sized and method:
        return Line(asked, SHOWN, method)
    if sized:
        return Line(asked, MISSING, "there are diameters; write size_method in the file of --about")
    return Line(asked, MISSING, "measure diameters (diameter_um), and write size_method")


def _methods(methods: tuple[str, ...], *, imaged: bool) -> Line:
    asked = "two complementary methods on single particles (image and size)"
    found = [*methods, *(["light microscopy"] if imaged and not methods else [])]
    if len(set(found)) >= 2:
        return Line(asked, SHOWN, ", ".join(found))
    there = f"only {found[0]}; " if found else ""
    return Line(asked, MISSING, f"{there}write single_particle_methods in the file of --about, as [TEM, NTA]")
