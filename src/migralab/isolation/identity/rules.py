"""When a class may be called: enough positive markers, a ratio to the cell body, a clear probability. Else no call.

A migrasome needs two of CPQ, NDST1, EOGT and PIGK and a ratio to the cell body; that a vesicle lacks ALIX or TSG101
is never enough. In an image it may instead be seen at its place, on the tip or a junction of a fibre, brighter than
the fibre and larger than it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migralab.isolation.identity.belief import DETECTION, Feature, Floats
from migralab.isolation.identity.classify import Classified, Readings
from migralab.isolation.identity.document import VesicleClass
from migralab.isolation.identity.panel import Panel

LEAST_PROBABILITY = 0.8
LEAST_SUPPORT = 0.9
LEAST_BITS = 2.0
"""A call needs this probability, this share of drawn panels in which the class stays first, and this evidence against
all others together (E)."""
POSITIVE = {"intensity": DETECTION, "to_cell": -1.0, "to_fibre": 0.0, "present": 0.5}
"""Where a marker counts as found: above the weakest band, half of the cell body, as bright as the fibre, seen (E)."""
NO_CALL = "no call"


@dataclass(frozen=True, slots=True)
class Call:
    """What is said of a row.

    Parameters
    ----------
    call
        Key of a class, or ``no call``.
    basis
        ``molecules`` or ``place``; empty where nothing is called.
    reason
        Why nothing is called, in words; empty for a call.
    bits
        Evidence for the most probable class against all others together, without the prior.
    """

    call: str
    basis: str
    reason: str
    bits: float


def call_rows(readings: Readings, classified: Classified, panel: Panel, prior: Floats) -> list[Call]:
    """Return a call or the reason against one for every row."""
    bits = evidence_bits(classified, prior)
    return [_call(row, readings, classified, panel, float(bits[row])) for row in range(len(readings.ids))]


def evidence_bits(classified: Classified, prior: Floats) -> Floats:
    """Return log2 of posterior odds over prior odds of each row's best class, (n,)."""
    rows = np.arange(len(classified.probability))
    best = classified.best
    own = classified.log_likelihood.sum(axis=1)
    with np.errstate(divide="ignore"):
        weighted = own + np.log(prior)
    others = np.where(np.arange(len(prior)) == best[:, None], -np.inf, weighted)
    rest = np.logaddexp.reduce(others, axis=1) - np.log(np.maximum(1 - prior[best], 1e-300))
    return np.asarray((own[rows, best] - rest) / np.log(2))


def found_markers(readings: Readings, row: int) -> dict[str, set[str]]:
    """Return the markers that count as found in a row, each with the quantities in which it does."""
    found: dict[str, set[str]] = {}
    for feature, value in zip(readings.features, readings.values[row], strict=True):
        if feature.marker and value >= POSITIVE[feature.quantity]:
            found.setdefault(feature.marker, set()).add(feature.quantity)
    return found


def _call(row: int, readings: Readings, classified: Classified, panel: Panel, bits: float) -> Call:
    best = int(classified.best[row])
    name = classified.classes[best]
    probability, support = classified.probability[row, best], classified.support[row]
    basis, lacking = basis_of(panel.classes[name], readings, row)
    if not basis:
        return Call(NO_CALL, "", lacking, bits)
    if bits < LEAST_BITS:
        return Call(NO_CALL, "", f"evidence of {bits:.1f} bits for {name}, at least {LEAST_BITS:g} are needed", bits)
    if probability < LEAST_PROBABILITY:
        return Call(
            NO_CALL, "", f"{name} has probability {probability:.2f}, at least {LEAST_PROBABILITY:g} is needed", bits
        )
    if support < LEAST_SUPPORT:
        return Call(
            NO_CALL, "", f"the panel knows too little: {name} stays first in {np.floor(100 * support):.0f}% of redrawn "
            f"panels, at least {LEAST_SUPPORT:.0%} are needed", bits,
        )  # fmt: skip
    return Call(name, basis, "", bits)


def basis_of(own: VesicleClass, readings: Readings, row: int) -> tuple[str, str]:
    """Return on what a class may be called, or an empty text and what is lacking."""
    found = found_markers(readings, row)
    placed = own.place is not None and own.place in found
    bright = any("to_fibre" in found.get(marker, ()) for marker in own.beside)
    large = own.least_um is None or _diameter(readings, row) >= own.least_um
    if placed and bright and large:
        return "place", ""
    positive = [marker for marker in own.call_on if marker in found]
    ratio = any(
        feature.quantity == "to_cell" and feature.marker in own.call_on and not np.isnan(value)
        for feature, value in zip(readings.features, readings.values[row], strict=True)
    )
    if len(positive) < own.least:
        wanted = ", ".join(own.call_on)
        there = f"found: {', '.join(positive)}" if positive else "none found"
        lacking = f"{own.name} needs {own.least} of {wanted} ({there})"
        if placed and not bright:
            lacking += f", or one of {', '.join(own.beside)} brighter than the fibre"
        if placed and not large:
            lacking += f", or a diameter of at least {own.least_um:g} um at its place on the fibre"
        return "", lacking
    if own.to_cell and not ratio:
        return "", f"{own.name} needs a ratio to the cell body of one of {', '.join(own.call_on)}"
    return "molecules", ""


def _diameter(readings: Readings, row: int) -> float:
    """Return the diameter of a row in um; NaN where it is not known."""
    own = Feature("", "diameter")
    return float(np.exp2(readings.values[row, readings.features.index(own)])) if own in readings.features else np.nan
