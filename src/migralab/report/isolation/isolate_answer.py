"""The answer of an isolation in words and rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from migralab.isolation.bench.isolation import PRODUCT, Isolation
from migralab.isolation.bench.library import media, rotors, shipped_ids
from migralab.isolation.bench.mixture import Mixture, shipped_mixture
from migralab.isolation.bench.optimise import Option
from migralab.isolation.bench.protocol import loads, shipped_protocol
from migralab.report.wording import number

_NAMED = 3
_TOO_MUCH = 0.05  # of the product's protein
_LISTED = 13  # protocols that are printed; all of them are in the table


def tables_of(result: Isolation) -> dict[str, list[dict[str, Any]]]:
    """Return the tables by name of file: fractions, gradient (where there is one) and ledger, numbers rounded."""
    found = {"fractions": result.table, "ledger": result.ledger}
    if result.gradient_table is not None:
        found["gradient"] = result.gradient_table
    return {name: [_plain(row) for row in table.to_dict("records")] for name, table in found.items()}


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row with short numbers, and None for what is not known."""
    short: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, float | np.floating):
            short[str(name)] = float(f"{value:.5g}") if np.isfinite(value) else None
        else:
            short[str(name)] = int(value) if isinstance(value, np.integer) else value
    return short


def say_isolation(result: Isolation, aim: str, mixture: Mixture) -> list[str]:
    """Return the answer for people: the product, the fractions of the aim, and where the rest of it went."""
    answer = result.answer(aim)
    lines = [
        f"{result.protocol.title or result.protocol.id}; from {result.population.origin}",
        f"product: {_percent(answer, 'yield')} of the {aim}s; {aim}s are {_percent(answer, 'purity_by_number')} "
        f"of its particles and {_percent(answer, 'purity_by_protein')} of its protein",
        *_whole_product(result),
        *_beside(result, aim),
        *say_loads(result),
        *doubts(result),
        *doubtful_bands(result, mixture),
        *_fractions(result, aim),
        f"the {aim}s that are missing:",
    ]
    return [*lines, *(f"  {text}" for text in _losses(result, aim))]


def _whole_product(result: Isolation) -> list[str]:
    """Say that a gradient without a pool leaves all its fractions together."""
    steps = result.protocol.steps
    if not any(step.gradient for step in steps) or any(step.pool for step in steps):
        return []
    return ["no step pools fractions, so the product is all of them together; add for example {pool: [4, 5]}"]


def say_loads(result: Isolation) -> list[str]:
    """Say how many tubes a gradient needs where one does not take the sample."""
    lines = []
    for count, load in loads(result.protocol).items():
        if load.tubes > 1:
            gradient = result.protocol.steps[count - 1].gradient
            rotor = rotors()[gradient.rotor] if gradient else None
            runs = f", {load.runs} runs of {rotor.name}" if rotor and load.runs > 1 else ""
            lines.append(f"step {count}: {_volume(load.sample)} on a layer of {_volume(load.layer)}: "
                         f"{load.tubes} tubes{runs}")  # fmt: skip
    return lines


def _volume(cubic_metres: float) -> str:
    """Return a volume as a bench writes it."""
    return f"{cubic_metres * 1e9:.4g} ul" if cubic_metres < 1e-6 else f"{cubic_metres * 1e6:.4g} ml"


def _percent(answer: dict[str, float], name: str) -> str:
    """Return a share with two standard errors of following a limited number of particles."""
    return f"{100 * answer[name]:.1f} ± {200 * answer[name + '_se']:.1f} %"


def doubts(result: Isolation) -> list[str]:
    """Say which kind could be in the product unseen because too few particles were followed."""
    kind, share = result.most_unseen()
    if share < _TOO_MUCH:
        return []
    return [
        f"doubt: with so few particles up to {100 * share:.0f} % of the protein could be {kind} that was not seen; "
        + (
            "give more rows"
            if result.population.origin.startswith("table ")
            else f"follow more (--particles {_round_up(4 * len(result.population))})"
        )
    ]


def doubtful_bands(result: Isolation, mixture: Mixture) -> list[str]:
    """Say which kinds' place in an iodixanol gradient hangs on a density that was measured in sucrose."""
    if result.tube is None or result.tube.solute != "iodixanol":
        return []
    names = [name for name in result.population.kinds if mixture.kinds[name].banded == "intact in sucrose"]
    if not names:
        return []
    return [
        f"not determined: the place in iodixanol of {', '.join(names)}. Their densities are those in sucrose; what "
        "they are here hangs on how much matter a vesicle holds (matter_share, E)"
    ]


def _round_up(count: int) -> int:
    step = int(10 ** (len(str(count)) - 1))
    return min(-(-count // step) * step, 10_000_000)


def _beside(result: Isolation, aim: str) -> list[str]:
    """Say what else is in the product, most protein first."""
    rows = result.table[(result.table["lot"] == PRODUCT) & (result.table["kind"] != aim)]
    rows = rows[rows["followed"] > 0].sort_values("protein_ug", ascending=False).head(_NAMED)
    if not len(rows):
        return []
    named = ", ".join(f"{row['kind']} {100 * row['purity_by_protein']:.1f} %" for _, row in rows.iterrows())
    return [f"with it comes, by protein: {named}"]


def _fractions(result: Isolation, aim: str) -> list[str]:
    gradient = result.gradient_table
    if gradient is None:
        return []
    share = result.profile(aim)
    lines = ["fraction  g/ml at the end  share of the " + f"{aim}s in fractions"]
    for k, density in enumerate(gradient["density_g_per_ml"]):
        bar = "#" * round(40 * share[k])
        lines.append(f"{k + 1:>8}  {density:>15.3f}  {100 * share[k]:>5.1f} % {bar}".rstrip())
    return lines


def _losses(result: Isolation, aim: str) -> list[str]:
    ledger = result.ledger
    left = ledger[(ledger["kind"] == aim) & (ledger["place"] != "goes on") & (ledger["share_of_start"] > 0.0005)]
    left = left.sort_values("share_of_start", ascending=False).head(6)
    return [
        f"{100 * row['share_of_start']:>5.1f} %  step {row['step']}, {row['name']}: {row['place']}"
        for _, row in left.iterrows()
    ] or ["none"]


def list_bench() -> list[str]:
    """Return what ships: protocols, mixtures, rotors and media."""
    lines = ["protocols (--protocol)"]
    lines += [f"  {name:<14} {shipped_protocol(name).title}" for name in shipped_ids("protocols")]
    lines += ["mixtures (instead of a run or a table, or --mixture)"]
    lines += [f"  {name:<14} {shipped_mixture(name).title}" for name in shipped_ids("mixtures")]
    lines += ["rotors (in protocol files)"]
    lines += [
        f"  {name:<14} {own.name}: {own.kind}, r {own.r_min_mm:g} to {own.r_max_mm:g} mm, "
        f"{own.max_rpm:,.0f} rpm, {own.most_force('r_max'):,.0f} g, tube {own.tube_ml:g} ml"
        for name, own in rotors().items()
    ]
    lines += ["media (in protocol files)"]
    return [
        *lines,
        *(f"  {name:<14} {own.name}{', in ' + own.unit if own.unit else ''}" for name, own in media().items()),
    ]


def _spread(count: int) -> list[int]:
    """Return as many rows as are shown, evenly over the front, both ends included."""
    return sorted({round(float(k)) for k in np.linspace(0, count - 1, _LISTED - 1)})


def option_rows(options: list[Option]) -> list[dict[str, Any]]:
    """Return the rows of a table of options: the given protocol, then the front from high to low yield."""
    return [
        {
            "point": "given" if k == 0 else str(k), "yield": round(own.yield_, 4),
            "purity_by_protein": round(own.purity_by_protein, 4), "purity_by_number": round(own.purity_by_number, 4),
            "best_by": own.best_by, "changes": "; ".join(own.changes) or "none",
        }
        for k, own in enumerate(options)
    ]  # fmt: skip


def say_options(options: list[Option], aim: str) -> list[str]:
    """Return the front for people."""
    lines = [f"{'point':<6} {'yield':>7} {'by protein':>11} {'by number':>10}  best by"]
    rows = option_rows(options)
    shown = rows if len(rows) <= _LISTED else [rows[0], *(rows[1:][k] for k in _spread(len(rows) - 1))]
    if len(shown) < len(rows):
        lines.insert(0, f"{len(rows) - 1} protocols that no other one beats; {len(shown) - 1} of them shown")
    lines += [
        f"{row['point']:<6} {100 * row['yield']:>5.1f} % {100 * row['purity_by_protein']:>9.1f} % "
        f"{100 * row['purity_by_number']:>8.1f} %  {row['best_by']}".rstrip()
        for row in shown
    ]
    given = options[0]
    better = [
        own for own in options[1:] if own.yield_ >= given.yield_ and own.purity_by_protein >= given.purity_by_protein
    ]
    if better:
        best = max(better, key=lambda own: own.yield_)
        lines.append(
            f"as pure as the given protocol and the most {aim}s: yield {number(best.yield_)} for "
            f"{number(given.yield_)}, by"
        )
        lines += [f"  {text}" for text in best.changes] or ["  nothing"]
    return lines
