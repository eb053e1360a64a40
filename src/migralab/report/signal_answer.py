"""The answer to how far and how long one migrasome is felt: for each mode its numbers, its words and its figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from migralab.physics.signals import reach
from migralab.physics.signals.budget import NANOMOLAR, Setting, areal_release, fibre_refill, longest_leak
from migralab.physics.signals.felt import STATION, Felt, Followed, plateau
from migralab.physics.signals.reach import Patch

Number = float | str | None
Watch = Callable[[int, int], None]

STOCK = 10.0
"""The second load that is shown, in multiples of the first."""
SLOW = 100.0
"""By how much a cue diffuses slower where it is held up, the second case of a leak."""
PERMEABILITIES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 1e-1)
HEIGHTS = (2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mode says.

    Parameters
    ----------
    mode, question
        Its name, and what it asks.
    table
        Rows with units in the names of their columns; None where nothing is felt or time has no end.
    words
        The same for people.
    picture
        PNG.
    """

    mode: str
    question: str
    table: list[dict[str, Number]]
    words: list[str]
    picture: bytes


def in_words(seconds: float) -> str:
    """Return a time as a laboratory says it."""
    if math.isinf(seconds):
        return "for ever"
    if seconds < 90:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _row(felt: Felt) -> dict[str, Number]:
    return {
        "case": felt.case, "felt_up_to_um": _number(felt.reach), "felt_beyond_contact_s": _number(felt.lasts),
        f"felt_at_{STATION:.0f}um_s": _number(felt.lasts_at_station),
        "gradient_of_the_moment_up_to_um": _number(felt.passing),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _say(felt: Felt, setting: Setting) -> str:
    if felt.reach <= setting.contact:
        return f"{felt.case}: not felt beyond contact ({setting.contact:g} um)"
    far = f"{STATION:g} um away: {in_words(felt.lasts_at_station) if felt.lasts_at_station else 'never'}"
    return f"{felt.case}: felt up to {felt.reach:.0f} um, beyond contact for {in_words(felt.lasts)}; {far}"


def _answer(mode: str, felt: list[Felt], setting: Setting, picture: bytes, more: tuple[str, ...] = ()) -> Answer:
    words = [_say(one, setting) for one in felt]
    return Answer(mode=mode, question=MODES[mode][0], table=[_row(f) for f in felt], words=[*words, *more],
                  picture=picture)  # fmt: skip


def _burst(setting: Setting, watch: Watch | None) -> Answer:
    from migralab.report.figures.signal_reach import draw_bursts

    found = reach.follow_bursts(setting, (1.0, STOCK), watch)
    return _answer("burst", [f.felt for f in found], setting, draw_bursts(found, setting))


def _leak(setting: Setting, watch: Watch | None) -> Answer:
    from migralab.report.figures.signal_reach import draw_leaks

    rows: list[tuple[str, list[Followed]]] = []
    more = []
    for n, slower in enumerate((1.0, SLOW)):
        case = replace(setting, diffusivity=setting.diffusivity / slower)

        def told(done: int, total: int, passed: int = n) -> None:
            if watch:
                watch(passed * total + done, 2 * total)

        for load, row in zip((1.0, STOCK), reach.follow_leaks(case, PERMEABILITIES, (1.0, STOCK), told), strict=True):
            micromolar = load * setting.concentration / NANOMOLAR / 1000
            rows.append((f"{micromolar:.3g} uM, D = {case.diffusivity:.3g} um2/s", row))
            longest, _ = longest_leak(load * setting.molecules, setting.threshold, STATION, case.diffusivity, 2.0)
            more.append(
                f"{rows[-1][0]}: no leak holds the threshold at {STATION:g} um longer than {in_words(float(longest))}"
            )
    words = [line for name, row in rows for line in _extremes(name, [f.felt for f in row], setting)]
    return Answer(mode="leak", question=MODES["leak"][0], table=[_row(f.felt) for _, row in rows for f in row],
                  words=words + more, picture=draw_leaks(PERMEABILITIES, rows, setting))  # fmt: skip


def _extremes(name: str, felt: list[Felt], setting: Setting) -> list[str]:
    """Say which leak is felt farthest and which longest."""
    farthest, longest = max(felt, key=lambda f: f.reach), max(felt, key=lambda f: f.lasts)
    if farthest.reach <= setting.contact:
        return [f"{name}: no leak is felt beyond contact ({setting.contact:g} um)"]
    return [f"farthest: {_say(farthest, setting)}", f"longest:  {_say(longest, setting)}"]


def _density(setting: Setting, watch: Watch | None) -> Answer:
    from migralab.report.figures.signal_reach import draw_patches

    patches: list[Patch] = []
    for n, height in enumerate((None, 50.0, 5.0)):
        patches.append(reach.follow_patch(setting, height=height))
        if watch:
            watch(n + 1, 3)
    fibre = fibre_refill(setting.concentration, 10.0, 0.05, 20.0)
    ways = {
        "new_every_1h": float(areal_release(1.0, setting.molecules, 3600.0)),
        "most_a_fibre_brings": fibre,
        f"{STOCK:g}x_load_every_10min": float(areal_release(1.0, STOCK * setting.molecules, 600.0)),
    }
    table, words = [], []
    for patch in patches:
        row: dict[str, Number] = {"case": f"patch of radius {patch.radius:g} um, {patch.case}",
                                  "release_needed_per_um2_s": _number(patch.needed),
                                  "settles_s": _number(patch.settles)}  # fmt: skip
        ring = reach.felt_ring(patch, 3 * patch.needed, setting)
        row |= {"felt_from_um_at_3x": _number(ring[0]), "felt_up_to_um_at_3x": _number(ring[1])}
        row |= {f"density_needed_per_um2_{way}": _number(patch.needed / each) for way, each in ways.items()}
        table.append(row)
        densities = ", ".join(f"{patch.needed / each:.2g} ({way.replace('_', ' ')})" for way, each in ways.items())
        words.append(
            f"{row['case']}: needs {patch.needed:.2g} molecules/(um2 s) to be felt {STATION:g} um beyond its edge, "
            f"and settles within {in_words(patch.settles)}. Migrasomes per um2: {densities}"
        )
    return Answer(mode="density", question=MODES["density"][0], table=table, words=words,
                  picture=draw_patches(patches, setting, STOCK))  # fmt: skip


def _matrix(setting: Setting, watch: Watch | None) -> Answer:
    from migralab.report.figures.signal_reach import draw_matrices

    found, halved = [], []
    for n, name in enumerate(reach.MATRICES):
        found.append(reach.follow_matrix(setting, name))
        halved.append(reach.follow_matrix(setting, name, 0.5))
        if watch:
            watch(n + 1, len(reach.MATRICES))
    more = tuple(_plateau(one, half, setting) for one, half in zip(found, halved, strict=True))
    return _answer("matrix", [f.felt for f in found], setting, draw_matrices(found, halved, setting), more)


def _plateau(one: Followed, half: Followed, setting: Setting) -> str:
    """Say what half the load does to the middle of a patch and to its edge, after 1 min."""
    full, less = (plateau(followed, 60.0, setting) for followed in (one, half))
    return (
        f"{one.felt.case}, after 1 min: {full.touched:.3g} bound molecules to touch within {STATION:g} um. "
        f"Whole and half load: occupancy in the middle {full.occupancy:.2f} and {less.occupancy:.2f}, one half up to "
        f"{full.edge:.1f} and {less.edge:.1f} um, if ligand is plentiful. It is not: of "
        f"{setting.receptors.per_area:.0f} receptors per um2 only {full.held:.2g} and {less.held:.2g} hold one"
    )


def _slit(setting: Setting, watch: Watch | None) -> Answer:
    from migralab.report.figures.signal_reach import draw_slits

    dishes = reach.follow_bursts(setting, (1.0, STOCK))
    rows = []
    for n, (load, dish) in enumerate(zip((1.0, STOCK), dishes, strict=True)):
        row = reach.follow_slits(setting, HEIGHTS, load)
        rows.append((f"{load * setting.concentration / NANOMOLAR / 1000:.3g} uM", HEIGHTS, row, dish))
        if watch:
            watch(n + 1, 3)
    cavity = reach.follow_cavity(setting)
    if watch:
        watch(3, 3)
    over = float(cavity.time[np.flatnonzero(cavity.steepest >= setting.threshold)[-1]]) if (
        cavity.steepest.max() >= setting.threshold) else 0.0  # fmt: skip
    more = (
        f"closed cavity: level {cavity.level[0] / NANOMOLAR:.3f} nM, after {in_words(float(cavity.time[-1]))} "
        f"{cavity.level[-1] / NANOMOLAR:.3f} nM; the gradient is below the threshold after {in_words(over)}",
    )
    felt = [f.felt for _, _, row, _ in rows for f in row]
    return _answer("slit", felt, setting, draw_slits(rows, cavity, setting), more)


MODES: Mapping[str, tuple[str, Callable[[Setting, Watch | None], Answer]]] = {
    "burst": ("One migrasome bursts on a dish: who notices?", _burst),
    "leak": ("It leaks instead: how far, and how long?", _leak),
    "density": ("Many leak and are replaced: how many does it take?", _density),
    "matrix": ("A matrix catches the cue: does it stay, and does it point anywhere?", _matrix),
    "slit": ("It bursts between two plates or in a closed cavity: does that help?", _slit),
}
"""The modes, what each asks, and what answers it."""


def answer_mode(mode: str, setting: Setting, watch: Watch | None = None) -> Answer:
    """Compute a mode with the field solvers and draw it.

    Parameters
    ----------
    mode
        One of `MODES`.
    setting
        The migrasome, the cue and the cell.
    watch
        Told (parts done, parts in all).
    """
    return MODES[mode][1](setting, watch)
