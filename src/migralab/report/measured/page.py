"""The page of a measurement as one HTML file, in which a reader can doubt every number."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.report.figures.figure import Figure
from migralab.report.measured.content import Measured, read_measurement
from migralab.report.measured.figures import PLACES, draw_all, resolved
from migralab.report.template import fill_template
from migralab.report.wording import number

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 200


def write_measured_page(folder: str | Path, path: str | Path | None = None) -> Path:
    """Write ``report.html`` into the folder of a measurement, or to `path`; an older one is replaced.

    Raises
    ------
    DataError
        If the folder is no measurement.
    """
    target = Path(path) if path is not None else Path(folder) / "report.html"
    text = render_measured(read_measurement(folder))
    target.write_text(text, encoding="utf-8")
    return target


def render_measured(measured: Measured) -> str:
    """Return the page of a measurement as the text of an HTML file."""
    said = measured.settings
    return fill_template(
        "measured.html",
        source=said.get("source", "an image"),
        cards=list_cards(measured),
        notes=said.get("notes") or [],
        overlay=_overlay(measured),
        figures=draw_all(measured),
        edits=list_edits(measured),
        columns=_shown_columns(measured.migrasomes),
        rows=_shown_rows(measured.last(measured.migrasomes)),
        total=len(measured.last(measured.migrasomes)),
        thresholds=list_thresholds(said.get("settings") or {}),
        facts=list_facts(said),
    )


def list_cards(measured: Measured) -> list[tuple[str, str, str]]:
    """Return the numbers at the top of the page: name, value, what it rests on. All of the last frame."""
    vesicles, fibres, cells = (measured.last(table) for table in (measured.migrasomes, measured.fibres, measured.cells))
    places = vesicles["attachment"].value_counts()
    by_place = ", ".join(f"{places[name]} {name}" for name in PLACES if places.get(name, 0))
    cards = [("migrasomes", str(len(vesicles)), by_place or "none was found"), ("cell bodies", str(len(cells)), "")]
    length, error = float(fibres["length_um"].sum()), float(np.sqrt((fibres["length_sd_um"] ** 2).sum()))
    cards.append(("retraction fibre", f"{number(length)} µm", f"± {number(error)} µm of tracing" if length else ""))
    if length:
        cards.append(("per 100 µm of fibre", number(100 * len(vesicles) / length), "migrasomes"))
    sure = vesicles[resolved(vesicles) & vesicles["diameter_um"].notna()]
    if len(sure):
        middle = float(sure["diameter_um"].median())
        limits = len(vesicles) - len(sure)
        cards.append(
            ("median diameter", f"{number(middle)} µm", f"{len(sure)} sized" + (f", {limits} not" if limits else ""))
        )
    return cards


def list_edits(measured: Measured) -> list[dict[str, str]]:
    """Return the objects that a person corrected: what, which, how and by whom."""
    found = []
    for kind, table in (("migrasome", measured.migrasomes), ("fibre", measured.fibres), ("cell", measured.cells)):
        if "edited" not in table:
            continue
        for _, row in table[table["edited"].astype(bool)].iterrows():
            added = str(row.get("source", "")) == "hand"
            found.append(
                {"kind": kind, "id": str(row["id"]), "frame": str(row["frame"]), "how": "added" if added else "changed"}
            )
    return found


def list_thresholds(settings: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return every threshold with its value and what it means, as `AnalysisSettings` explains it."""
    meaning = _meanings()
    return [(name, _words(value), meaning.get(name, "")) for name, value in settings.items()]


def list_facts(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the measurement rests on: scale, field, point spread function, versions."""
    interval = said.get("frame_interval_min")
    facts = [
        ("pixel", f"{number(said['pixel_size_um'])} µm" if said.get("pixel_size_um") else "unknown"),
        ("frame interval", f"{number(interval)} min" if interval else "still image"),
        ("channels", ", ".join(map(str, said.get("channels") or []))),
        ("field", f"{number(said['field_area_um2'])} µm²" if said.get("field_area_um2") else "unknown"),
        ("masked", f"{100 * float(said.get('masked_share') or 0):.1f} %"),
        ("point spread function", f"{number(said['psf_sigma_um'])} µm (σ)" if said.get("psf_sigma_um") else "unknown"),
    ]
    return [*facts, *((name, str(value)) for name, value in (said.get("versions") or {}).items())]


def _meanings() -> dict[str, str]:
    """Return the meaning of each setting from the docstring of `AnalysisSettings`, its one place."""
    from migralab.imaging.settings import AnalysisSettings

    found: dict[str, str] = {}
    names: list[str] = []
    for text in (inspect.getdoc(AnalysisSettings) or "").splitlines():
        if re.fullmatch(r"[a-z][a-z0-9_, ]*", text):
            names = [name.strip() for name in text.split(",")]
        elif text.startswith("    "):
            found |= {name: f"{found.get(name, '')} {text.strip()}".strip() for name in names}
    return found


def _overlay(measured: Measured) -> Figure | None:
    if measured.overlay is None:
        return None
    frame = measured.frames[-1] if measured.frames else 0
    return Figure(
        data=measured.overlay, mime="image/png", alt="The image with cells, fibres and vesicles drawn in.",
        caption=f"Frame {frame} with everything that was counted. Look at it before you believe a number; what is "
        "wrong can be corrected by hand (migralab measure --edits).",
    )  # fmt: skip


def _shown_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name not in ("frame", "time_min")]


def _shown_rows(table: pd.DataFrame) -> list[list[str]]:
    rows = table[_shown_columns(table)].head(ROWS_SHOWN)
    return [[_words(value) for value in row] for row in rows.itertuples(index=False)]


def _words(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "–" if not np.isfinite(value) else number(float(value))
    if isinstance(value, list | tuple):
        return ", ".join(_words(own) for own in value)
    return "measured" if value is None else str(value)
