"""Claims of `migrasome-formation` from virtual micrographs, beside the same claims from the truth.

``python -m benchmarks.recovery --seeds 3`` is a first look (some minutes); 20 seeds are what verdicts need.
``--out DIR`` keeps every dish in ``dishes.csv``, goes on where it stopped, and writes ``verdicts.csv``.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.timing import Table, machine
from migralab.catalog.catalog import load
from migralab.checks.estimate import estimate_quotient
from migralab.checks.through_images.dish import COLUMNS, Look
from migralab.checks.through_images.plan import ImagingPlan
from migralab.checks.through_images.run import (
    COUNTS,
    Key,
    Recovery,
    choose_claims,
    judge_columns,
    look_at_all,
    read_looks,
    shown_by_a_still,
    write_looks,
)
from migralab.checks.verdict import Verdict

ENTRY = "migrasome-formation"
CLAIMS = (
    "count-at-10", "dose-rise", "dose-1", "dose-0.1", "dose-0", "spacing", "junctions", "tips", "highest-cell",
    "junctions-rise-with-dose", "junction-exponent", "density-rises-with-dose", "attached-near", "zeros-fall",
    "k-rises", "k-reads-moving-share", "laminin-ratio", "collagen-ratio", "matrix-order", "itga5-not-on-laminin",
    "average-2um", "blebbistatin-holds", "junction-per-tip",
)  # fmt: skip


PAIRED = ("count.per_cell", "diameter.mean", "fibre.length_intact", "junction.per_100um", "tip.per_100um")
WORDS = {
    "truth": "truth", "dish_seen": "dish as seen", "fields_seen": "fields as seen", "images": "images",
    "images_bright": "images, bright ones",
}  # fmt: skip


def tables(recovery: Recovery, looks: dict[Key, Look]) -> Iterator[Table]:
    """Yield verdicts by column, and what was found in the fields."""
    verdicts = judge_columns(recovery, looks)
    rows = []
    for number, claim in enumerate(recovery.claims):
        own = {name: column[number] for name, column in verdicts.items()}
        if shown_by_a_still(recovery, looks, claim):
            rows.append([claim.id, own["truth"].expected, *(_short(verdict) for verdict in own.values()), _same(own)])
        else:
            rows.append([claim.id, own["truth"].expected, _short(own["truth"]), *["-"] * 4, "not shown by a still"])
    yield Table(
        title=f"Verdicts, {len(recovery.seeds)} dishes an arm: {recovery.plan}",
        head=("claim", "passes if", *(WORDS[name] for name in COLUMNS), "agree with the truth"),
        rows=rows,
        note="; ".join(f"{name}: {words}" for name, words in COLUMNS.items()) + ". In brackets 95 %.",
    )
    yield Table(
        title="Objects in the fields, all dishes of an arm together",
        head=("arm", "to be seen", "found", "recall", "precision", "bright", "recall", "precision", "cells", "found"),
        rows=[_objects(arm, recovery, looks) for arm in recovery.arms],
    )
    yield Table(
        title="Images over the truth of the same fields, dish by dish",
        head=("arm", *PAIRED, *(f"{name}, bright ones" for name in PAIRED[:2])),
        rows=[_paired(arm, recovery, looks) for arm in recovery.arms],
        note="Ratio of means over dishes with Fieller's interval, 95 %.",
    )


def _paired(arm: str, recovery: Recovery, looks: dict[Key, Look]) -> list[str]:
    """Return the ratio of images to the truth of the same fields: what the fields leave open cancels."""
    row = [arm]
    for column, names in (("images", PAIRED), ("images_bright", PAIRED[:2])):
        for name in names:
            both = [[looks[arm, seed].values[own][name] for seed in recovery.seeds] for own in (column, "fields_seen")]
            top, bottom = np.array(both)[:, np.isfinite(both).all(axis=0)]
            found = estimate_quotient(top, bottom)
            row.append(f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})" if math.isfinite(found.low) else "-")
    return row


def _short(verdict: Verdict) -> str:
    if verdict.observed is None:
        return verdict.verdict
    shown = f"{verdict.verdict} {verdict.observed:.3g}"
    return shown if verdict.interval is None else f"{shown} ({verdict.interval[0]:.3g} to {verdict.interval[1]:.3g})"


def _same(own: dict[str, Verdict]) -> str:
    agreeing = [name for name in COLUMNS if name != "truth" and own[name].verdict == own["truth"].verdict]
    return ", ".join(agreeing) or "none"


def _objects(arm: str, recovery: Recovery, looks: dict[Key, Look]) -> list[str]:
    own = [looks[arm, seed] for seed in recovery.seeds]
    count = {name: sum(getattr(look, name) for look in own) for name in COUNTS}
    row = [arm, str(count["true"])]
    for name, pairs in (("found", count["paired"]), ("bright", count["bright_paired"])):
        row += [str(count[name]), *(f"{pairs / total:.2f}" if total else "-" for total in (count["true"], count[name]))]
    return [*row, str(count["cells_true"]), str(count["cells_found"])]


def _write_verdicts(path: Path, recovery: Recovery, looks: dict[Key, Look]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("claim", "grade", "role", "column", "verdict", "observed", "low", "high", "seeds", "expected"))
        for column, own in judge_columns(recovery, looks).items():
            for v in own:
                low, high = v.interval or ("", "")
                table.writerow((v.id, v.grade, v.role, column, v.verdict, v.observed, low, high, v.seeds, v.expected))


def gather(recovery: Recovery, out: Path | None, workers: int) -> dict[Key, Look]:
    """Return all dishes, those of an earlier call included."""
    kept = out / "dishes.csv" if out else None
    looks: dict[Key, Look] = {}
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        plan = kept.with_name("plan.txt")
        if kept.exists() and plan.exists() and plan.read_text(encoding="utf-8") != str(recovery.plan):
            sys.exit(
                f"{kept.parent} holds dishes of another plan ({plan.read_text(encoding='utf-8')}). Give another --out."
            )
        plan.write_text(str(recovery.plan), encoding="utf-8")
        looks = read_looks(kept) if kept.exists() else {}
        # dishes of a call with other claims may lack what these need
        looks = {key: look for key, look in looks.items() if set(recovery.readouts) <= set(look.values["truth"])}
        write_looks(kept, looks)
    start, total = time.monotonic(), len(recovery.arms) * len(recovery.seeds)
    for more in look_at_all(recovery, workers=workers, done=looks):
        looks |= more
        if kept:
            write_looks(kept, more, more=True)
        print(f"{len(looks)} of {total} dishes, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return looks


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="dishes an arm")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--claims", nargs="*", default=list(CLAIMS))
    parser.add_argument("--fields", type=int, default=1, help="fields a dish")
    parser.add_argument("--side", type=float, default=200.0, help="side of a field, um")
    parser.add_argument("--pixel", type=float, default=0.16, help="side of a pixel, um")
    parser.add_argument("--preset", default="confocal")
    parser.add_argument("--channel", default="TSPAN4")
    parser.add_argument("--least", type=float, default=0.5, help="narrowest vesicle that is counted, um")
    parser.add_argument("--side-fibres", type=float, default=0.0, help="drawn side fibres per um of flank")
    parser.add_argument("--no-retractosomes", action="store_true", help="leave them out of the specimen")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    source = load(ENTRY)
    recovery = Recovery(
        source=source,
        claims=choose_claims(source.experiment, asked.claims),
        seeds=tuple(range(asked.first_seed, asked.first_seed + asked.seeds)),
        plan=ImagingPlan(
            preset=asked.preset, pixel_um=asked.pixel, channel=asked.channel, fields=asked.fields, side_um=asked.side,
            least_um=asked.least, side_fibres_per_um=asked.side_fibres, retractosomes=not asked.no_retractosomes,
        ),
    )  # fmt: skip
    looks = gather(recovery, asked.out, asked.workers)
    print(machine(), "\n")
    for table in tables(recovery, looks):
        print(table, flush=True)
    if asked.out:
        _write_verdicts(asked.out / "verdicts.csv", recovery, looks)


if __name__ == "__main__":
    main()
