"""A report card in the manner of MISEV2023: what was shown of a sample, what is missing. Nothing is invented.

A line is `shown` only if the table holds it, or a person wrote it
in the file about the sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migralab.isolation.identity.belief import Feature
from migralab.isolation.identity.document import AboutDocument
from migralab.isolation.identity.panel import Panel

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


def fill_card(
    features: Iterable[Feature], panel: Panel, about: AboutDocument | None, *, imaged: bool = False
) -> list[Line]:
    """Return the lines of the card.

    Parameters
    ----------
    features
        What the table holds.
    about
        Facts of the method that a person wrote; None where there are none.
    imaged
        Whether the table is a measurement of images in a dish, where nothing was isolated.
    """
    features = list(features)
    own = about or AboutDocument(schema=1)
    kinds: dict[str, list[str]] = {}
    for feature in features:
        if feature.marker and feature.marker not in kinds.setdefault(panel.markers[feature.marker].kind, []):
            kinds[panel.markers[feature.marker].kind].append(feature.marker)
    return [
        _fact("source amount (cells, volume, tissue)", own.source_amount, "source_amount"),
        _fact("particle count of the preparation", own.particles, "particles", skip=imaged),
        _fact("protein of the preparation", own.protein, "protein", skip=imaged),
        _fact("isolation: speeds, times, rotor, gradient", own.isolation, "isolation", skip=imaged),
        _markers("a transmembrane marker", kinds.get("transmembrane", []), "TSPAN4, ITGA5, ITGB1, CD63, CD9 or CD81"),
        _markers("a cytosolic marker of vesicles", kinds.get("cytosolic", []), "ALIX, TSG101, ANXA1 or ANXA5"),
        _markers(
            "a contaminant looked for", kinds.get("contaminant", []), "calnexin, Sec61a, GM130, Tim23 or histone H3"
        ),
        _ratio(features),
        _size(features, own.size_method, imaged=imaged),
        _methods(own.single_particle_methods, imaged=imaged),
        _fact("detection limits", own.detection_limits, "detection_limits"),
        _fact("independent preparations", str(own.replicates) if own.replicates else None, "replicates"),
        _fact("the term used (size, marker, source)", own.name_used, "name_used"),
    ]


def _fact(asked: str, said: str | None, field: str, *, skip: bool = False) -> Line:
    if said:
        return Line(asked, SHOWN, said)
    if skip:
        return Line(asked, NOT_APPLICABLE, "an image of a dish: nothing was isolated")
    return Line(asked, MISSING, f"write {field} in the file of --about")


def _markers(asked: str, found: list[str], examples: str) -> Line:
    if found:
        return Line(asked, SHOWN, ", ".join(found))
    return Line(asked, MISSING, f"measure for example {examples}")


def _ratio(features: list[Feature]) -> Line:
    found = [feature.marker for feature in features if feature.quantity == "to_cell"]
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
