"""Every real picture of the shared data through the analyser: a table, overlays, and what is right and wrong in them.

``python -m benchmarks.run panels`` prints the tables; ``python -m benchmarks.panels --out FOLDER`` writes an overlay of
every picture and a page ``index.html`` to look at as well. The pictures are not ours: keep FOLDER out of the
repository. ``--drawings FOLDER`` writes our marks alone. The pictures are found as `migralab.imaging.datasets` finds
them (``MIGRALAB_DATA``).
"""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.panel_checks import LABELLED, beads, growth, labels, markers
from benchmarks.panel_drawings import draw_panel
from benchmarks.panel_notes import ASSUMED_UM, CONTROLS, JUDGED, PANELS, TUNED_ON
from benchmarks.timing import Table
from migralab.core.errors import DataError
from migralab.imaging.analyse import trace_frame
from migralab.imaging.datasets import find_dataset, find_panel
from migralab.imaging.measure_image import measure_image
from migralab.imaging.output import draw_overlay

if TYPE_CHECKING:
    import pandas as pd

HEAD = (
    "picture", "um/px", "cells", "vesicles", "tip/junction/shaft/free/unknown", "points", "fibre um (attached)",
    "median d (its sd), um", "PSF um",
)  # fmt: skip
_KINDS = ("tip", "junction", "shaft", "free", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One picture as measured: its row, and its overlay where one was written."""

    name: str
    row: tuple[str, ...]
    notes: tuple[str, ...] = ()
    overlay: str = ""


def look(name: str, out: Path | None = None) -> Looked:
    """Measure one picture, and write its overlay where a folder is given."""
    try:
        path = find_dataset(name)
        pixel = find_panel(name)[1].pixel_size_um or ASSUMED_UM
        observations, series, settings = measure_image(path, pixel_size=pixel)
    except DataError as refused:
        return Looked(name=name, row=(name, *["-"] * (len(HEAD) - 1)), notes=(f"Refused: {refused}",))
    vesicles, fibres = observations.at("migrasomes"), observations.at("fibres")
    trace = trace_frame(series, settings, observations.last_frame)
    counts = [int((vesicles["attachment"] == kind).sum()) for kind in _KINDS]
    attached = fibres.loc[fibres["attached"].astype(bool), "length_um"].sum()
    star = "" if find_panel(name)[1].pixel_size_um else " *"
    row = (
        name + star, f"{pixel:g}", str(len(observations.at("cells"))), str(len(vesicles)), "/".join(map(str, counts)),
        str(len(trace.points)), f"{fibres['length_um'].sum():.0f} ({attached:.0f})",
        f"{_median(vesicles, 'diameter_um')} ({_median(vesicles, 'diameter_sd_um')})", f"{trace.psf_um:.3f}",
    )  # fmt: skip
    overlay = ""
    if out is not None:
        overlay = f"{name}.png"
        draw_overlay(observations, series, settings).save(out / overlay)
    return Looked(name=name, row=row, notes=observations.notes, overlay=overlay)


def _median(table: pd.DataFrame, column: str) -> str:
    return f"{np.median(table[column].to_numpy(np.float64)):.2f}" if len(table) else "-"


def tables(out: Path | None = None) -> Iterator[Table]:
    """Yield the tables, each as soon as it is known; with a folder, write the overlays and the page too."""
    looked = [look(name, out) for name in PANELS]
    yield Table(
        title="Panels with migrasomes",
        head=HEAD,
        rows=[one.row for one in looked],
        note=f"* the source gives no scale: {ASSUMED_UM} um is assumed. Thresholds were set while looking at: "
        f"{', '.join(TUNED_ON)}.",
    )
    others = [look(name, out) for name in CONTROLS]
    yield Table(
        title="Pictures without migrasomes",
        head=HEAD,
        rows=[one.row for one in others],
        note="\n".join(f"- {one.name}: {one.notes[0]}" for one in others if one.notes and "Refused" in one.notes[0]),
    )
    if out is not None:
        (out / "index.html").write_text(_page([*looked, *others]), encoding="utf-8")
    yield from (growth(), beads(), markers(), *labels())


def _page(looked: Sequence[Looked]) -> str:
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>migralab: real panels</title>",
        "<style>body{font:15px/1.4 sans-serif;max-width:1450px;margin:1em auto;padding:0 1em}"
        "img{max-width:100%;display:block}td,th{border:1px solid #999;padding:2px 6px;text-align:left}"
        "table{border-collapse:collapse;margin:.5em 0}</style><h1>Real panels</h1>",
        "<p>Pictures by Chen, Ma, Yu 2019; Zhao et al. 2019; Wu et al. 2017 (CC BY 4.0); Turku BioImaging 2022 (MIT); "
        "Tim Monko 2025, Schmidt and Weigert 2018-2023 (BSD-3); the trackpy contributors 2013-2014. "
        "Drawn over by migralab. Thresholds were set while looking at "
        f"{html.escape(', '.join(TUNED_ON))}.</p>",
    ]
    for one in looked:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in one.row[1:])
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in HEAD[1:])
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in one.notes)
        parts += [
            f"<h2 id='{one.name}'>{html.escape(one.row[0])}</h2>",
            f"<p><b>{html.escape(JUDGED.get(one.name, ''))}</b></p>",
            f"<table><tr>{head}</tr><tr>{cells}</tr></table><ul>{notes}</ul>",
            f"<img loading='lazy' src='{one.overlay}' alt='overlay of {one.name}'>" if one.overlay else "",
        ]
    return "\n".join(parts) + "\n</html>\n"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panels", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for overlays and index.html, outside the repository")
    parser.add_argument(
        "--drawings", type=Path, help="folder for line drawings of the labelled panels, no picture in them"
    )
    asked = parser.parse_args(words)
    if asked.drawings is not None:
        for name in LABELLED:
            draw_panel(name, asked.drawings / f"panel-{name}.svg")
        return 0
    out = asked.out
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for table in tables(out):
        print(table, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
