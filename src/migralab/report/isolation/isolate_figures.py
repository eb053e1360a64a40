"""Figures of an isolation: profile over fractions, sizes, composition, where everything went, and the front."""

from __future__ import annotations

from typing import Any

import numpy as np

from migralab.isolation.bench.isolation import PRODUCT, Isolation
from migralab.isolation.bench.optimise import Option
from migralab.report.figures.figure import (
    FAINT,
    FOURTH,
    INK,
    PUBLISHED,
    SECOND,
    SIMULATED,
    THIRD,
    Figure,
    canvas,
    plot_to_png,
)

COLOURS = {
    "migrasome": SIMULATED, "exosome": PUBLISHED, "retractosome": SECOND, "microvesicle": THIRD,
    "apoptotic body": FOURTH, "debris": "#8B5A2B", "protein": "#56B4E9",
}  # fmt: skip
_FEW = 10  # followed particles below which a size or a composition is not shown
_TICKS_UM = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0)


def draw_all(result: Isolation, aim: str) -> dict[str, Figure]:
    """Return the figures by name."""
    found = {"composition": draw_composition(result, aim), "ledger": draw_ledger(result)}
    if result.fractions:
        found = {"profile": draw_profile(result), "sizes": draw_sizes(result)} | found
    return found


def draw_profile(result: Isolation) -> Figure:
    """Draw the share of each kind that every fraction holds, with the densities of the fractions."""
    gradient = result.gradient_table
    counted = result.table[result.table["lot"].str.startswith("fraction ")].groupby("kind")["followed"].sum()
    there = [name for name in result.population.kinds if counted.get(name, 0) > 0]
    kinds = [name for name in there if counted[name] >= _FEW] or there
    labels = [f"{k}" for k in range(1, result.fractions + 1)]
    if gradient is not None:
        labels = [f"{k}\n{rho:.3f}" for k, rho in zip(labels, gradient["density_g_per_ml"], strict=True)]
    with canvas(7.2, 0.95 + 0.75 * max(len(kinds), 1), nrows=max(len(kinds), 1), sharex=True, squeeze=False) as (
        plot,
        grid,
    ):
        for axes, name in zip(grid[:, 0], kinds, strict=False):
            share = result.profile(name)
            axes.bar(np.arange(1, result.fractions + 1), 100 * share, color=COLOURS[name], width=0.85)
            top = 100 * float(share.max())
            axes.set(ylim=(0, max(1.12 * top, 1e-9)), xlim=(-1.1, result.fractions + 0.6))  # room for the name
            axes.set_yticks([top], [f"{top:.0f} %"])
            axes.text(0.005, 0.93, name, transform=axes.transAxes, va="top", weight="bold", color=COLOURS[name])
        grid[-1, 0].set_xticks(np.arange(1, result.fractions + 1), labels)
        grid[-1, 0].set_xlabel("fraction from the top, and its density at the end of the run (g/ml)")
        plot.supylabel("share of the kind's number", fontsize=9.5)
        data = plot_to_png(plot)
    return Figure(
        data=data, mime="image/png", title="Which fraction holds what",
        alt="Bars of the share of each kind in every fraction of the gradient.",
        caption="Share of each kind, by number, of what reached the fractions and was worked up with them. Each row "
        f"has its own scale; its highest bar is written at the left. Kinds with fewer than {_FEW} followed "
        "particles in all fractions are left out.",
    )  # fmt: skip


def draw_sizes(result: Isolation) -> Figure:
    """Draw median and the middle 90 % of diameters of each kind in every fraction."""
    table = result.table[result.table["lot"].str.startswith("fraction ")]
    table = table[table["followed"] >= _FEW]
    kinds = [name for name in result.population.kinds if (table["kind"] == name).any()]
    with canvas(7.2, 3.4) as (plot, axes):
        for k, name in enumerate(kinds):
            own = table[table["kind"] == name]
            place = own["lot"].str.removeprefix("fraction ").astype(int) + 0.11 * (k - (len(kinds) - 1) / 2)
            middle = own["diameter_um_median"]
            reach = [middle - own["diameter_um_p05"], own["diameter_um_p95"] - middle]
            axes.errorbar(place, middle, yerr=reach, fmt="o", ms=4.5, lw=1.4, color=COLOURS[name], label=name)
        axes.set(yscale="log", xlabel="fraction from the top", ylabel="diameter (µm)",
                 xticks=np.arange(1, result.fractions + 1), xlim=(0.4, result.fractions + 0.6))  # fmt: skip
        low, high = axes.get_ylim()
        axes.set_yticks([tick for tick in _TICKS_UM if low < tick < high], minor=False)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        if kinds:
            axes.legend(ncols=min(len(kinds), 4), loc="lower left", bbox_to_anchor=(0, 1))
        data = plot_to_png(plot)
    return Figure(
        data=data, mime="image/png", title="How large they are",
        alt="Median diameters with ranges for each kind and fraction.",
        caption=f"Median and the middle 90 % by number; kinds with fewer than {_FEW} followed particles are left out.",
    )  # fmt: skip


def draw_composition(result: Isolation, aim: str) -> Figure:
    """Draw what every fraction and the product are made of, by protein and by number."""
    lots = [lot for lot in result.lots if lot != PRODUCT] + [PRODUCT]
    seen = np.array([int(result.lots[lot].sum()) for lot in lots]) >= _FEW
    with canvas(7.2, 3.5, ncols=2, sharey=True) as (plot, grid):
        for axes, column, title in zip(grid, ("purity_by_protein", "purity_by_number"),
                                       ("by mass of protein", "by number of particles"), strict=True):  # fmt: skip
            base = np.zeros(len(lots))
            for name in result.population.kinds:
                own = result.table[result.table["kind"] == name].set_index("lot")[column].reindex(lots).to_numpy(float)
                own = np.where(seen, own, 0.0)
                axes.barh(np.arange(len(lots)), 100 * own, left=100 * base, color=COLOURS[name], label=name, height=0.8)
                base += own
            axes.set(title=title, xlabel="%", xlim=(0, 100), ylim=(len(lots) - 0.5, -0.5))
        grid[0].set_yticks(np.arange(len(lots)), lots)
        handles, names = grid[0].get_legend_handles_labels()
        plot.legend(handles, names, ncols=7, loc="outside upper center", columnspacing=0.9, handlelength=1.0)
        data = plot_to_png(plot)
    return Figure(
        data=data, mime="image/png", title="How pure it is", alt="Stacked bars of the composition of each fraction.",
        caption=f"What each lot is made of. The product is what the protocol keeps in the end; the aim is {aim}. "
        f"Protein molecules are left out of the count, and lots with fewer than {_FEW} followed particles are blank.",
    )  # fmt: skip


def draw_ledger(result: Isolation) -> Figure:
    """Draw where every kind ended: for each step what stayed behind, and the product."""
    import matplotlib as mpl

    ledger, kinds = result.ledger, result.population.kinds
    left = ledger[ledger["place"] != "goes on"]
    steps = list(dict.fromkeys(zip(left["step"], left["name"], strict=True)))
    shades = mpl.colormaps["Greys"](np.linspace(0.25, 0.85, max(len(steps), 1)))
    with canvas(7.2, 1.3 + 0.34 * len(kinds) + 0.17 * len(steps)) as (plot, axes):
        base = np.zeros(len(kinds))
        for (step, name), shade in zip(steps, shades, strict=False):
            gone = left[left["step"] == step].groupby("kind")["share_of_start"].sum().reindex(kinds).to_numpy(float)
            axes.barh(np.arange(len(kinds)), 100 * gone, left=100 * base, color=shade, label=f"{step} {name}",
                      edgecolor="white", lw=0.5)  # fmt: skip
            base += gone
        product = 1.0 - base
        axes.barh(np.arange(len(kinds)), 100 * product, left=100 * base, color=[COLOURS[name] for name in kinds],
                  edgecolor="white", lw=0.5)  # fmt: skip
        for k, share in enumerate(product):
            axes.text(101, k, f"{100 * share:.1f} %" if share >= 5e-4 else "< 0.1 %", va="center", fontsize=8.5)
        axes.set_yticks(np.arange(len(kinds)), kinds)
        axes.set(xlim=(0, 100), ylim=(len(kinds) - 0.5, -0.5), xlabel="% of what was there at the start")
        axes.set_title("left behind at step (grey, in order); product in colour", fontsize=9, weight="normal")
        plot.legend(*axes.get_legend_handles_labels(), ncols=3, loc="outside lower center", fontsize=8)
        data = plot_to_png(plot)
    return Figure(
        data=data, mime="image/png", title="Where everything went",
        alt="Stacked bars of where each kind stayed behind, and of what is in the product.",
        caption="By number. Grey: left behind at each step (pellet, supernatant, filter, lost in handling, other "
        "fractions), in order from the left. Colour, with its share at the right: the product. Each bar is 100 %.",
    )  # fmt: skip


def draw_front(options: list[Option], aim: str) -> Figure:
    """Draw yield and purity of what was found, by protein and by number, beside the given protocol."""
    with canvas(7.2, 3.4, ncols=2, sharey=True) as (plot, grid):
        for axes, purity, by, colour in zip(grid, ("purity_by_protein", "purity_by_number"), ("protein", "number"),
                                            (SIMULATED, PUBLISHED), strict=True):  # fmt: skip
            _one_front(axes, options, purity, by, colour)
            axes.set(xlabel=f"yield of {aim}s (%)", title=f"by {by}", ylim=(0, 103))
        grid[0].set_ylabel("purity (%)")
        grid[0].legend(loc="lower left")
        data = plot_to_png(plot)
    return Figure(
        data=data, mime="image/png", title="What could be better",
        alt="Yield against purity of protocols near the given one.",
        caption="Each point is a protocol that no other one beats in yield and purity at once; numbers name its row "
        "and file. All are judged on particles that the search had not seen. Star: the given protocol.",
    )  # fmt: skip


def _one_front(axes: Any, options: list[Option], purity: str, by: str, colour: str) -> None:
    best = [(k, own) for k, own in enumerate(options) if own.best_by in (by, "both")]
    x = [100 * own.yield_ for _, own in best]
    y = [100 * getattr(own, purity) for _, own in best]
    axes.plot(x, y, "o-", color=colour, ms=4, lw=1.2, label="front")
    shown = -1e9
    for (k, _), here, high in zip(best, x, y, strict=True):
        if abs(here - shown) > 4:
            axes.annotate(str(k), (here, high), (2, 4), textcoords="offset points", fontsize=7.5, color=INK)
            shown = here
    axes.plot(100 * options[0].yield_, 100 * getattr(options[0], purity), "*", ms=13, color=INK, label="given protocol")
    axes.grid(color=FAINT, lw=0.3)
