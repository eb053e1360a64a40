"""What `migralab pathway` tells of a network: its numbers with their sources, its equations, a course as a figure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.mechanisms.pathways.numbers import parameter_names
from migralab.pathways.network import Network
from migralab.pathways.shipped import Described
from migralab.pathways.wording import write_formula
from migralab.report.figures.figure import FAINT, FOURTH, PUBLISHED, SECOND, SIMULATED, THIRD, canvas, plot_to_png

_COLOURS = (SIMULATED, PUBLISHED, SECOND, THIRD, FOURTH, FAINT)
_SAME_SCALE = 30.0  # curves whose largest values differ by more than this are drawn on axes of their own


def number_rows(described: Described, network: Network) -> list[dict[str, Any]]:
    """Return every constant: symbol, name as a parameter, value, unit, range, what set it, source, meaning."""
    rows, names = [], parameter_names(network.constants, described.seams.takes)
    for constant in network.constants:
        own = described.seams.parameters.get(constant.name)
        rows.append({
            "symbol": constant.name, "parameter": names[constant.name], "value": constant.value, "unit": constant.unit,
            "low": own.low if own else None, "high": own.high if own else None,
            "calibrated_on": own.calibrated_on if own else "", "source": str(own.source) if own else described.file,
            "meaning": (own.description if own else "") or constant.meaning,
        })  # fmt: skip
    return rows


def seam_lines(described: Described, network: Network) -> Iterator[str]:
    """Yield one line for each input, each variable that receives molecules, and each output."""
    unit = {variable.name: variable.unit for variable in network.variables} | dict(network.units)
    for symbol, own in described.seams.inputs.items():
        if own is not None:
            where = f"read from the signal '{own.signal}'" if own.signal else "a parameter, until a signal is named"
            yield f"input   {symbol:<22} {where}. {own.description}".rstrip()
    for symbol, take in described.seams.takes.items():
        if take is not None:
            yield f"takes   {symbol:<22} delivered {take.cargo.replace('_', ' ')}. {take.description}".rstrip()
    for symbol, output in (described.seams.outputs or dict.fromkeys(v.name for v in network.variables)).items():
        name = output.name if output and output.name else f"{symbol} of {described.id}"
        more = f"; {output.description}" if output and output.description else ""
        in_unit = f" in {unit[symbol]}" if unit.get(symbol) else ""
        yield f"output  {symbol:<22} signal '{name}'{in_unit}{more}"


def equation_lines(network: Network) -> Iterator[str]:
    """Yield the equations: what follows from the state, what changes, what happens."""
    used = [(name, formula) for name, formula in network.assigned]
    for name, formula in used:
        yield f"{name} = {write_formula(formula)}"
    for variable in network.variables:
        if variable.name in network.rates:
            yield f"d {variable.name} / dt = {write_formula(network.rates[variable.name])}"
    for event in network.events:
        changes = "; ".join(f"{name} becomes {write_formula(formula)}" for name, formula in event.sets)
        yield f"when {write_formula(event.trigger)}: {changes or 'nothing'}"


def draw_course(
    times: NDArray[np.float64], values: NDArray[np.float64], names: Sequence[str], *, title: str, unit: str
) -> bytes:
    """Return curves against time as PNG; those of another scale get axes of their own.

    Parameters
    ----------
    times
        (times,).
    values
        (times, names).
    names
        Of the curves.
    unit
        Of time.
    """
    groups = _scales(values)
    with canvas(7.2, 2.6 * len(groups) + 0.5, nrows=len(groups), sharex=True, squeeze=False) as (plot, axes):
        for (own,), group in zip(axes, groups, strict=True):
            for place in group:
                own.plot(times, values[:, place], color=_COLOURS[place % len(_COLOURS)], label=names[place])
            low, high = own.get_ylim()
            own.set_ylim(min(low, 0.0) if low > -0.05 * abs(high) else low, high)
            own.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        axes[0][0].set_title("\n".join(textwrap.wrap(title, 76)))
        axes[-1][0].set_xlabel(f"time ({unit})")
        return plot_to_png(plot, dpi=130, colours=128)


def _scales(values: NDArray[np.float64]) -> list[list[int]]:
    """Return the curves in groups of like size, the largest first."""
    size = np.nan_to_num(np.max(np.abs(values), axis=0, initial=0.0), posinf=0.0)
    groups: list[list[int]] = []
    for place in np.argsort(-size, kind="stable"):
        if groups and size[place] * _SAME_SCALE > size[groups[-1][0]]:
            groups[-1].append(int(place))
        else:
            groups.append([int(place)])
    return [sorted(group) for group in groups]
