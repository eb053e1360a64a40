"""Figures of an identification: probabilities with intervals, evidence by marker, statements that contradict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.isolation.identity.belief import LEVELS, Feature, evidence_for
from migralab.isolation.identity.fractions import Mixture
from migralab.isolation.identity.identify import Identification, list_contradictions
from migralab.isolation.identity.proteomics import Count
from migralab.isolation.identity.rules import LEAST_PROBABILITY, NO_CALL
from migralab.report.figures.figure import (
    EXCLUDED,
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 30
_COLOURS = (SIMULATED, PUBLISHED, SECOND, THIRD, FOURTH, EXCLUDED, INK)
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)), "-")
_WORDS = ("absent", "trace", "weak", "present", "strong")


def draw_identification(found: Identification) -> dict[str, Figure]:
    """Return the figures of an identification by the name of their file."""
    if found.mixture is not None:
        made = {"fractions": _figure(_draw_fractions(found), "Where each class is", _SAID_FRACTIONS)}
    else:
        made = {
            "probabilities": _figure(_draw_probabilities(found), "What each row is", _SAID_PROBABILITIES),
            "evidence": _figure(_draw_evidence(found), "Which marker moved the call, and how far", _SAID_EVIDENCE),
        }
    if found.counts:
        made["proteins"] = _figure(_draw_counts(found.counts), "Proteins that speak for a class", _SAID_COUNTS)
    drawn = _draw_contradictions(found)
    if drawn is not None:
        made["contradictions"] = _figure(drawn, "Where papers disagree", _SAID_CONTRADICTIONS)
    return made


_SAID_PROBABILITIES = (
    "Probability of each class with the 95 % interval from what is not known of the panel. Filled: called. Hollow: no "
    f"call, for the reason in the table. The dotted line is the least probability of a call, {LEAST_PROBABILITY:g}."
)
_SAID_EVIDENCE = (
    "Bits by which each value moved the most probable class away from the runner-up (after the name of the row): 1 bit "
    "doubles the odds. Blue speaks for it, orange against it; white cells were not measured or moved nothing."
)
_SAID_CONTRADICTIONS = (
    "What each source says of a marker in a class. The more they disagree, the wider the marker's law and the less it "
    "moves a call: at the right, the weight that is left to it."
)
_SAID_FRACTIONS = (
    "Left: part of a class that lies in each fraction, for classes that some fraction is called. Right: part of each "
    "fraction's markers that the class explains. Bars and bands are 95 % intervals over what is not known of the panel "
    "and over the choice of markers."
)
_SAID_COUNTS = (
    "Of the proteins that speak for a class and are in the sample, the share enriched over the cell body by more than "
    "1.5, with the exact 95 % interval. The dotted line is the share among all proteins: what chance gives."
)


def _figure(data: bytes, title: str, caption: str) -> Figure:
    return Figure(data=data, mime="image/png", title=title, alt=caption, caption=caption)


def _png(plot: Any) -> bytes:  # a matplotlib figure
    return plot_to_png(plot, dpi=110)


def _short(text: object, most: int = 22) -> str:
    words = str(text)
    return words if len(words) <= most else words[: most - 1] + "…"


def _draw_probabilities(found: Identification) -> bytes:
    made = found.classified
    assert made is not None  # noqa: S101  # the caller has none for fractions only
    n = min(len(found.readings.ids), ROWS)
    at = np.arange(n)
    with canvas(10.4, 1.5 + 0.27 * n, ncols=len(made.classes), sharey=True) as (plot, axes):
        for k, (name, own) in enumerate(zip(made.classes, axes, strict=True)):
            colour = _COLOURS[k % len(_COLOURS)]
            middle, low, high = (value[:n, k] for value in (made.probability, made.low, made.high))
            own.hlines(at, low, high, color=colour, lw=1.6, alpha=0.7)
            called = np.array([one.call == name for one in found.calls[:n]])
            own.plot(middle[~called], at[~called], "o", mfc="white", mec=colour, ms=5)
            own.plot(middle[called], at[called], "o", color=colour, ms=6.5)
            own.axvline(LEAST_PROBABILITY, color=FAINT, lw=1, ls=":")
            own.set(xlim=(-0.05, 1.05), xticks=(0, 0.5, 1), title=name.replace("_", "\n" if len(name) > 9 else " "))
            own.set_xticklabels(("0", "½", "1"))
            own.grid(axis="y", color=FAINT, alpha=0.25)
        calls = [one.call for one in found.calls[:n]]
        labels = [f"{_short(name, 26)}" for name in found.readings.ids[:n]]
        axes[0].set_yticks(at, labels)
        axes[0].set_ylim(n - 0.4, -0.6)
        side = axes[-1].secondary_yaxis("right")
        side.set_yticks(at, [call.replace("_", " ") for call in calls])
        side.tick_params(length=0)
        side.spines["right"].set_visible(False)
        for label, call in zip(side.get_yticklabels(), calls, strict=True):
            label.set_color(EXCLUDED if call == NO_CALL else INK)
            label.set_fontweight("normal" if call == NO_CALL else "bold")
        more = f" (the first {n} of {len(found.readings.ids)} rows)" if n < len(found.readings.ids) else ""
        plot.supxlabel(f"probability{more}", fontsize=9.5)
        return _png(plot)


def _draw_evidence(found: Identification) -> bytes:
    from matplotlib.colors import LinearSegmentedColormap

    made = found.classified
    assert made is not None  # noqa: S101  # the caller has none for fractions only
    n = min(len(found.readings.ids), ROWS)
    used = made.used[:n] & ~np.isnan(found.readings.values[:n])
    kept = np.flatnonzero(used.any(axis=0))
    bits = np.where(used, made.bits()[:n], np.nan)[:, kept]
    names = [str(found.readings.features[place]) for place in kept]
    wide = len(names)
    colours = LinearSegmentedColormap.from_list("bits", [PUBLISHED, "white", SIMULATED])
    most = max(2.0, float(np.nanmax(np.abs(bits), initial=0.0)))
    with canvas(max(6.0, 3.6 + 0.5 * wide), 2.3 + 0.27 * n) as (plot, own):
        image = own.imshow(bits, aspect="auto", cmap=colours, vmin=-most, vmax=most)
        own.set_xticks(np.arange(wide), names, rotation=50, ha="right", rotation_mode="anchor")
        labels = [
            f"{_short(name, 20)}: {made.classes[best]} / {made.classes[second]}".replace("_", " ")
            for name, best, second in zip(found.readings.ids[:n], made.best[:n], made.second[:n], strict=True)
        ]
        own.set_yticks(np.arange(n), labels)
        for row, place in zip(*np.nonzero(~np.isnan(bits)), strict=True):
            value = bits[row, place]
            dark = abs(value) > 0.6 * most
            own.text(place, row, f"{value:+.1f}".replace("-", "−"), ha="center", va="center", fontsize=7.5,
                     color="white" if dark else INK)  # fmt: skip
        own.spines[:].set_visible(False)
        own.tick_params(length=0)
        plot.colorbar(image, ax=own, label="bits", shrink=0.9, pad=0.02)
        return _png(plot)


def _draw_contradictions(found: Identification) -> bytes | None:
    table = list_contradictions(found)
    names = [name for name in dict.fromkeys(table["evidence"]) if found.panel.find(name) is not None]
    lines = [
        (name, key, weight)
        for name in names
        for key, weight in table[table["evidence"] == name].groupby("class", sort=False)["weight_left"].first().items()
    ]
    if not lines:
        return None
    with canvas(8.6, 1.3 + 0.62 * len(lines)) as (plot, own):
        for row, (name, key, weight) in enumerate(lines):
            said = evidence_for(found.panel, Feature(name, "intensity"), str(key))
            _mark_statements(own, row, said, weight)
        own.set_yticks(np.arange(len(lines)), [f"{name}\nin {key}".replace("_", " ") for name, key, _ in lines])
        own.set_ylim(len(lines) - 0.4, -0.6)
        own.set_xticks([LEVELS[word][0] for word in _WORDS], _WORDS)
        own.set_xlim(-8.4, 2.6)
        own.grid(axis="x", color=FAINT, alpha=0.4)
        own.set_xlabel("level that is stated (log2 scale)")
        return _png(plot)


def _mark_statements(own: Axes, row: int, said: Sequence[Any], weight: float) -> None:
    places = sorted({one.centre for one in said})
    own.plot([places[0], places[-1]], [row, row], color=FAINT, lw=2, zorder=1)
    for place in places:
        here = [one for one in said if one.centre == place]
        own.plot(place, row, "o", color=SIMULATED, ms=8, zorder=2)
        text = ", ".join(f"{one.source} [{one.tag}]" for one in here)
        own.text(place, row - 0.2, text, ha="center", va="bottom", fontsize=7.5)
    own.text(2.5, row, f"weight left {weight:.2f}", ha="right", va="center", fontsize=8.5, fontweight="bold")


def _draw_fractions(found: Identification) -> bytes:
    own, fractions = found.mixture, found.fractions
    assert own is not None and fractions is not None  # noqa: S101, PT018  # the caller has them
    at = np.arange(len(fractions.names))
    shown = _classes_in(own)
    with canvas(10.4, 4.6, ncols=2) as (plot, (left, right)):
        for k, name in enumerate(own.classes):
            style = {"color": _COLOURS[k % len(_COLOURS)], "label": name.replace("_", " ")}
            if name in shown:
                left.plot(at, own.profile[:, k], ls=_DASHES[k % len(_DASHES)], marker="o", ms=4, **style)
                left.fill_between(
                    at, own.profile_low[:, k], own.profile_high[:, k], color=style["color"], alpha=0.15, lw=0
                )
            shift = at + 0.13 * (k - (len(own.classes) - 1) / 2)
            reach = np.abs([own.share[:, k] - own.share_low[:, k], own.share_high[:, k] - own.share[:, k]])
            right.errorbar(shift, own.share[:, k], yerr=reach, fmt="o", ms=4, capsize=0, lw=1.3, **style)
        left.set(
            xlabel="fraction", ylabel="part of the class", title="Which fractions hold a class", ylim=(-0.03, 1.05)
        )
        left.set_xticks(at, [_short(name, 8) for name in fractions.names])
        right.set(
            xlabel="fraction, and its call",
            ylabel="part of the fraction",
            title="What a fraction holds",
            ylim=(-0.03, 1.05),
        )
        words = [
            f"{_short(name, 8)}  {call}".replace("_", " ")
            for name, call in zip(fractions.names, own.calls, strict=True)
        ]
        right.set_xticks(at, words, rotation=45, ha="right", rotation_mode="anchor")
        for label, call in zip(right.get_xticklabels(), own.calls, strict=True):
            label.set_color(EXCLUDED if call == NO_CALL else INK)
        plot.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=len(own.classes))
        return _png(plot)


def _classes_in(own: Mixture) -> set[str]:
    """Return the classes that a fraction is called, or the largest part of one where none is called."""
    called = {call for call in own.calls if call != NO_CALL}
    return called or {own.classes[k] for k in own.share.argmax(axis=1)}


def _draw_counts(counts: Sequence[Count]) -> bytes:
    at = np.arange(len(counts))
    with canvas(7.4, 1.3 + 0.5 * len(counts)) as (plot, own):
        for row, one in zip(at, counts, strict=True):
            if one.seen:
                own.hlines(row, one.low, one.high, color=SIMULATED, lw=2)
                own.plot(one.share, row, "o", color=SIMULATED, ms=7)
            own.text(
                1.04, row, f"{one.enriched} enriched of {one.seen} seen, {one.listed} listed", va="center", fontsize=8.5
            )
        own.axvline(counts[0].chance, color=PUBLISHED, ls=":", lw=1.5)
        own.set_yticks(at, [one.vesicle_class.replace("_", " ") for one in counts])
        own.set(xlim=(-0.03, 1.7), xticks=(0, 0.5, 1), ylim=(len(counts) - 0.5, -0.5),
                xlabel="share enriched over the cell body; dotted: among all proteins")  # fmt: skip
        return _png(plot)
