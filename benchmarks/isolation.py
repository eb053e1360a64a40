"""Virtual isolation: calibration, predictions, filter cuts, readings of a paper that disagrees with itself, speed.

``python -m benchmarks.isolation`` prints the tables of docs/theory/isolation-results.md;
``python -m benchmarks.isolation DIR`` draws the figures of the pages.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Table, machine
from migralab.isolation.bench.calibration import (
    Calibration,
    calibrate,
    migrasomes_of,
    tetraspanin_profile,
    with_diluent,
)
from migralab.isolation.bench.isolate import isolate
from migralab.isolation.bench.library import read_shipped
from migralab.isolation.bench.mixture import Banded, shipped_mixture, with_values
from migralab.isolation.bench.population import draw_population
from migralab.isolation.bench.protocol import Protocol, checked, shipped_protocol

PARTICLES = 1_000_000
SEED = 7
WEAK_BANDS = (0.1, 0.5)
"""The range of what a weak band of the blot is beside a strong one (E)."""


def tables() -> Iterator[Table]:
    found = {diluent: calibrate(diluent) for diluent in (1.00, 1.015, 1.03)}
    yield _calibration(found)
    yield _embryo(found)
    yield _embryo_volumes(found[1.015])
    yield _separation()
    yield _hangs_on()
    yield _exosomes()
    yield _leaky(found[1.015])
    yield _filters()
    yield _readings()
    yield _speed()


def _percent(values) -> list[str]:
    return [f"{100 * value:.0f}" for value in values]


def _calibration(found: dict[float, Calibration]) -> Table:
    rows = [["blot (D): strong 4-6, weak 3, 7", "", "", *_percent(found[1.015].wanted)]]
    rows += [
        [f"{diluent:.3f}", f"{own.density:.4f}", f"{own.density_sd:.4f}", *_percent(own.profile)]
        for diluent, own in found.items()
    ]
    for weak in WEAK_BANDS:
        own = calibrate(weak=weak)
        rows.append([f"1.015, weak = {weak}", f"{own.density:.4f}", f"{own.density_sd:.4f}", *_percent(own.profile)])
    intact = calibrate(banded="intact in iodixanol")
    rows.append(["1.015, intact", f"{intact.density:.4f}", f"{intact.density_sd:.4f}", *_percent(intact.profile)])
    return Table(title="Calibrated on the culture gradient: density of migrasomes (g/ml), TSPAN4 per fraction (%)",
                 head=("diluent (g/ml)", "mean", "SD", *map(str, range(1, 10))), rows=rows)  # fmt: skip


def _predicted(protocol: Protocol, density: float, density_sd: float, diluent: float | None = None, kept: str = ""):
    mixture = migrasomes_of(density, density_sd, "intact in iodixanol" if kept == "intact" else "leaky in iodixanol")
    people = draw_population(mixture, 40_000, SEED)
    return tetraspanin_profile(isolate(people, with_diluent(protocol, diluent), seed=SEED))


def _verdict(profile, band) -> list[str]:
    inside = [k - 1 for k in band]
    share = profile[inside].sum()
    good = np.argmax(profile) in inside and share > 0.5
    return [str(int(np.argmax(profile)) + 1), f"{100 * share:.0f}", "hit" if good else "MISS"]


def _embryo(found: dict[float, Calibration]) -> Table:
    rows = []
    for diluent, own in found.items():
        profile = _predicted(shipped_protocol("embryo"), own.density, own.density_sd, diluent)
        rows.append([f"{diluent:.3f}", *_percent(profile), *_verdict(profile, (3, 4, 5))])
    for weak in WEAK_BANDS:
        own = calibrate(weak=weak)
        profile = _predicted(shipped_protocol("embryo"), own.density, own.density_sd)
        rows.append([f"1.015, weak = {weak}", *_percent(profile), *_verdict(profile, (3, 4, 5))])
    intact = calibrate(banded="intact in iodixanol")
    profile = _predicted(shipped_protocol("embryo"), intact.density, intact.density_sd, kept="intact")
    rows.append(["1.015, taken as intact", *_percent(profile), *_verdict(profile, (3, 4, 5))])
    head = ("diluent (g/ml)", *map(str, range(1, 10)), "most in", "in 3-5 (%)", "verdict")
    return Table(
        title="Predicted: the embryo gradient, TSPAN4 per fraction (%); published 3-5 (FTE)", head=head, rows=rows
    )


def _embryo_volumes(own: Calibration) -> Table:
    rows = []
    for volume, number in ((400, 11), (440, 10), (480, 9), (500, 8), (550, 8)):
        document = read_shipped("protocols", "embryo.yaml")
        step = next(step for step in document["steps"] if "gradient" in step)
        step["gradient"]["fractions"] = {"volume": f"{volume} ul", "number": number}
        profile = _predicted(checked(Protocol.model_validate(document)), own.density, own.density_sd)
        rows.append([f"{volume}", str(number), *_verdict(profile, (3, 4, 5))])
    return Table(title="The same for other volumes of a fraction, which the paper does not state",
                 head=("volume (ul)", "fractions", "most in", "in 3-5 (%)", "verdict"), rows=rows)  # fmt: skip


def _run(name: str, mixture: str | None = None):
    protocol = shipped_protocol(name)
    people = draw_population(shipped_mixture(mixture or protocol.mixture), PARTICLES, SEED)
    return isolate(people, protocol, seed=SEED)


def _separation() -> Table:
    exosome, culture = _run("exosome"), _run("culture")
    profile = exosome.profile("exosome")
    band, product = culture.profile("exosome")[3:6].sum(), culture.answer("exosome")
    spins = culture.ledger[(culture.ledger["step"] == 4) & (culture.ledger["place"] == "goes on")]
    left = spins.set_index("kind")["share_of_start"]
    mine = culture.answer("migrasome")
    rows = [
        ["exosomes in the sucrose gradient, fractions 1-10 (%)", " ".join(_percent(profile)), "4-6 (FTE)",
         _verdict(profile, (4, 5, 6))[2]],
        ["of them in 4-6", f"{100 * profile[3:6].sum():.0f} %", "", ""],
        ["culture protocol: exosomes left after the spins", f"{100 * left['exosome']:.0f} %", "", ""],
        ["culture protocol: migrasomes left after the spins", f"{100 * left['migrasome']:.0f} %", "", ""],
        ["of the exosomes in the fractions, in the migrasome band 4-6", f"{100 * band:.0f} %", "not stated",
         "not determined"],
        ["of all exosomes, in the product", f"{100 * product['yield']:.1f} %", "ALIX, TSG101 weak (D)",
         "hit" if product["yield"] < 0.1 else "MISS"],
        ["exosomes in the protein of the product", f"{100 * product['purity_by_protein']:.1f} %", "the same",
         "hit" if product["purity_by_protein"] < 0.1 else "MISS"],
        ["exosomes in the number of the product", f"{100 * product['purity_by_number']:.0f} %", "", ""],
        ["migrasomes: yield", f"{100 * mine['yield']:.0f} %", "", ""],
        ["migrasomes in the protein of the product", f"{100 * mine['purity_by_protein']:.0f} %", "", ""],
    ]  # fmt: skip
    return Table(title="Predicted: separation from exosomes", head=("what", "value", "published", "verdict"), rows=rows)


def _with(name: str, kind: str, banded: Banded | None = None, **values: float):
    """Run a shipped protocol with other numbers for one kind."""
    protocol = shipped_protocol(name)
    mixture = shipped_mixture(protocol.mixture)
    kinds = mixture.kinds | {kind: with_values(mixture.kinds[kind], banded, **values)}
    people = draw_population(mixture.model_copy(update={"kinds": kinds}), 140_000, SEED)
    return isolate(people, protocol, seed=SEED)


def _hangs_on() -> Table:
    rows = []
    for share in (0.05, 0.15, 0.3):
        culture = _with("culture", "migrasome", matter_share=share)
        embryo = _with("embryo", "migrasome", matter_share=share)
        got = culture.answer("migrasome")["yield"]
        rows.append([f"matter share of migrasomes {share:g}: yield, culture", f"{100 * got:.0f}", ""])
        rows.append(["the same: embryo", *_verdict(embryo.profile("migrasome"), (3, 4, 5))[1:]])
    for density in (1.10, 1.12, 1.145, 1.17, 1.19):
        profile = _with("exosome", "exosome", density_g_per_ml=density, density_sd_g_per_ml=0.01).profile("exosome")
        rows.append([f"exosomes of {density:g} ± 0.01 g/ml: most in fraction {_verdict(profile, (4, 5, 6))[0]}, in 4-6",
                     *_verdict(profile, (4, 5, 6))[1:]])  # fmt: skip
    return Table(title="What the predictions hang on", head=("changed", "value (%)", "verdict"), rows=rows)


SMALL = {"diameter_um": 0.068, "spread": 0.4}
"""Wang 2022 fig 1o: 0.074 ± 0.031 um by TEM, as a geometric mean and a spread of ln d."""
EXOSOMES: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "matter share 0.25": {"matter_share": 0.25},
    "matter share 0.5": {"matter_share": 0.5},
    "1.10 g/ml in sucrose": {"density_g_per_ml": 1.10},
    "1.19 g/ml in sucrose": {"density_g_per_ml": 1.19},
    "1.19 g/ml, matter share 0.5": {"density_g_per_ml": 1.19, "matter_share": 0.5},
    "0.10 um": {"diameter_um": 0.10},
    "0.074 ± 0.031 um (Wang 2022, D)": SMALL,
    "0.5 for each migrasome": {"number_share": 0.5},
    "50 for each migrasome": {"number_share": 50.0},
    "beyond: all leaky": {"leaky_share": 1.0},
    "beyond: 1.145 g/ml was seen in iodixanol": {"banded": "intact in iodixanol"},
}
"""What is changed of the exosomes: to the ends of their stated ranges, and beyond."""


def _exosome_numbers(change: dict[str, Any]) -> list[float]:
    """Return left after the spins, of the fractions in 4-6, and yield and shares of the product."""
    culture = _with("culture", "exosome", **change)
    got = culture.answer("exosome")
    spins = culture.ledger[(culture.ledger["step"] == 4) & (culture.ledger["place"] == "goes on")]
    left = spins.set_index("kind")["share_of_start"]["exosome"]
    band = culture.profile("exosome")[3:6].sum()
    return [left, band, got["yield"], got["purity_by_number"], got["purity_by_protein"]]


def _exosomes() -> Table:
    rows = []
    for name, change in EXOSOMES.items():
        banded = _with("exosome", "exosome", **change).profile("exosome")
        rows.append([name, *_tenths(_exosome_numbers(change)), *_verdict(banded, (4, 5, 6))])
    sizes = ({}, SMALL, {"diameter_um": 0.139})
    grid = [size | {"density_g_per_ml": density, "matter_share": share, "leaky_share": leaky}
            for size in sizes for density in (1.10, 1.145, 1.19) for share in (0.25, 0.4, 0.5)
            for leaky in (0.0, 0.2)]  # fmt: skip
    numbers = np.array([_exosome_numbers(change) for change in grid])
    hits = sum(_verdict(_with("exosome", "exosome", **change).profile("exosome"), (4, 5, 6))[2] == "hit"
               for change in grid)  # fmt: skip
    rows += [[f"all at once, {len(grid)} of them: least", *_tenths(numbers.min(axis=0)), "", "", ""],
             ["the same: most", *_tenths(numbers.max(axis=0)), "", "", f"{hits} hits"]]  # fmt: skip
    head = ("exosomes", "after the spins", "of the fractions, in 4-6", "in the product", "of its number",
            "of its protein", "sucrose: most in", "in 4-6", "verdict")  # fmt: skip
    return Table(title="Exosomes over their ranges: in the culture protocol, and in the sucrose gradient (%)",
                 head=head, rows=rows)  # fmt: skip


def _tenths(shares: Iterable[float]) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _leaky(own: Calibration) -> Table:
    gradient = next(step for step in shipped_protocol("culture").steps if step.gradient is not None)
    alone = shipped_protocol("culture").model_copy(update={"steps": [gradient]})
    people = draw_population(migrasomes_of(own.density, own.density_sd), 40_000, SEED)
    rows = []
    for name, leaks in (("leaky (calibrated)", True), ("intact, the same matter", False)):
        people.leaky[:] = leaks
        rows.append([name, *_percent(tetraspanin_profile(isolate(people, alone, seed=SEED)))])
    return Table(title="What a leak does: TSPAN4 per fraction of the culture gradient alone (%)",
                 head=("migrasomes", *map(str, range(1, 10))), rows=rows)  # fmt: skip


def _filters() -> Table:
    people = draw_population(shipped_mixture("medium"), PARTICLES, SEED)
    rows = []
    for pore in (0.2, 0.22, 0.45, 0.8):
        held = {"schema": 1, "steps": [{"filter": {"pore": f"{pore} um", "keep": "retentate"}}]}
        result = isolate(people, checked(Protocol.model_validate(held)), seed=SEED)
        rows.append([f"{pore}", *(f"{100 * result.answer(kind)['yield']:.1f}" for kind in people.kinds)])
    return Table(title="Held by a filter (% of number); one pore spread for all",
                 head=("pore (um)", *people.kinds), rows=rows)  # fmt: skip


def _changed(name: str, **forces: str) -> Protocol:
    """Return a protocol with other forces: ``s2`` is that of step 2; 'rotor: force' changes the rotor too."""
    document = copy.deepcopy(read_shipped("protocols", f"{name}.yaml"))
    for place, text in forces.items():
        step = document["steps"][int(place[1:]) - 1]
        own = step[next(kind for kind in ("spin", "wash", "gradient") if kind in step)]
        rotor, _, force = text.rpartition(": ")
        if rotor:
            own["rotor"] = rotor
        del own["force"]
        own["speed" if force.endswith("rpm") else "force"] = force
    return checked(Protocol.model_validate(document))


def _readings() -> Table:
    turned = _changed("culture", s1="1000 rpm", s2="4000 rpm", s3="type-45-ti: 20000 rpm", s4="tla-100.3: 20000 rpm")
    cases = [
        ("culture, the text: g", shipped_protocol("culture"), "migrasome"),
        ("culture, figure S1b: rpm in the first rotors", turned, "migrasome"),
        ("exosome, the text: 18,000 and 210,000 g", shipped_protocol("exosome"), "exosome"),
        ("exosome, figure S1d: 12,000 g first", _changed("exosome", s2="12000 g"), "exosome"),
        ("exosome, figure S1d: 150,000 g gradient", _changed("exosome", s6="150000 g"), "exosome"),
        ("exosome, figure S1d: both", _changed("exosome", s2="12000 g", s6="150000 g"), "exosome"),
    ]  # fmt: skip
    rows = []
    for name, protocol, aim in cases:
        people = draw_population(shipped_mixture(protocol.mixture), PARTICLES, SEED)
        result = isolate(people, protocol, seed=SEED)
        answer, band = result.answer(aim), result.profile(aim)
        protein = f"{100 * answer['purity_by_protein']:.0f} ± {200 * answer['purity_by_protein_se']:.0f}"
        rows.append([name, f"{100 * answer['yield']:.1f}", protein,
                     f"{100 * answer['purity_by_number']:.0f}", str(int(np.argmax(band)) + 1),
                     f"{100 * band[3:6].sum():.0f}"])  # fmt: skip
    head = ("reading", "yield", "by protein", "by number", "most in fraction", "in 4-6")
    return Table(title="What each reading of the paper would give, of the aim (%)", head=head, rows=rows)


def _speed() -> Table:
    protocol = shipped_protocol("culture")
    start = time.perf_counter()
    isolate(draw_population(shipped_mixture("culture"), 700, SEED), protocol)
    first = time.perf_counter() - start
    rows = [["first run of a process, with loading or compiling", "700", f"{first:.1f} s"]]
    whole = draw_population(shipped_mixture("culture"), 1_000_000, SEED)
    alone = draw_population(migrasomes_of(1.0741, 0.0141), 1_000_000, SEED)
    for name, people in (("mixture", whole), ("migrasomes alone: most reach the gradient", alone)):
        start = time.perf_counter()
        isolate(people, protocol)
        rows.append(
            [f"{name}, {len(protocol.steps)} steps", f"{len(people):,}", f"{time.perf_counter() - start:.1f} s"]
        )
    return Table(title="Speed: the culture protocol", head=("what", "particles", "time"), rows=rows)


def draw(folder: Path) -> None:
    """Draw the figures of the documentation."""
    from migralab.isolation.bench.optimise import optimise
    from migralab.report.figures.figure import FAINT, PUBLISHED, SIMULATED, canvas, plot_to_png
    from migralab.report.isolation.isolate_figures import draw_all, draw_front

    own = calibrate()
    embryo = _predicted(shipped_protocol("embryo"), own.density, own.density_sd)
    exosome = _run("exosome").profile("exosome")
    cases = [("culture gradient: calibrated", own.profile, (4, 5, 6), SIMULATED),
             ("embryo gradient: predicted", embryo, (3, 4, 5), SIMULATED),
             ("exosomes in sucrose: predicted", exosome, (4, 5, 6), PUBLISHED)]  # fmt: skip
    with canvas(8.6, 2.8, ncols=3, sharey=True) as (plot, grid):
        for axes, (title, profile, band, colour) in zip(grid, cases, strict=True):
            axes.axvspan(band[0] - 0.5, band[-1] + 0.5, color=FAINT, alpha=0.35, lw=0)
            axes.bar(np.arange(1, len(profile) + 1), 100 * profile, color=colour)
            axes.set(title=title, xlabel="fraction from the top", xticks=np.arange(1, len(profile) + 1))
        grid[0].plot(np.arange(1, 10), 100 * own.wanted, "k_", ms=14, mew=2, label="blot, read by eye")
        grid[0].legend(loc="upper left", fontsize=7.5)
        grid[0].set_ylabel("share (%)")
        (folder / "isolation-predictions.png").write_bytes(plot_to_png(plot, dpi=130, colours=64))
    for name, figure in draw_all(_run("culture"), "migrasome").items():
        (folder / f"isolation-{name}.png").write_bytes(figure.data)
    mixture = shipped_mixture("culture")
    pair = draw_population(mixture, 20_000, 1), draw_population(mixture, 20_000, 1_000_004)
    options = optimise(pair, read_shipped("protocols", "culture.yaml"), "migrasome", least_yield=0.2)
    (folder / "isolation-front.png").write_bytes(draw_front(options, "migrasome").data)


if __name__ == "__main__":
    if sys.argv[1:]:
        draw(Path(sys.argv[1]))
    else:
        print(f"Measured on {machine()}\n")
        for table in tables():
            print(table, flush=True)
