"""The page of a measurement says what stands in its files, and doubts what it must."""

from __future__ import annotations

import json
from dataclasses import asdict

import pandas as pd
import pytest

from migralab.core.errors import DataError
from migralab.imaging.settings import AnalysisSettings
from migralab.report.measured.content import read_measurement
from migralab.report.measured.figures import draw_course, draw_diameters
from migralab.report.measured.page import list_cards, list_edits, list_thresholds, render_measured, write_measured_page


def folder(path, frames=1, **columns):
    """Write a measurement of four vesicles a frame on 200 um of fibre."""
    vesicles = pd.DataFrame(
        {
            "id": range(4 * frames), "frame": [f for f in range(frames) for _ in range(4)], "time_min": 0.0,
            "x_um": 1.0, "y_um": 2.0, "diameter_um": [0.5, 0.7, 1.1, 2.0] * frames, "diameter_sd_um": 0.05,
            "attachment": ["tip", "tip", "shaft", "unknown"] * frames,
        }
    ).assign(**columns)  # fmt: skip
    fibres = pd.DataFrame({"id": [0, 1], "frame": frames - 1, "length_um": [120.0, 80.0], "length_sd_um": [3.0, 4.0]})
    cells = pd.DataFrame({"id": [0], "frame": frames - 1, "area_um2": 450.0})
    path.mkdir(exist_ok=True)
    for name, table in (("migrasomes", vesicles), ("fibres", fibres), ("cells", cells)):
        table.to_csv(path / f"{name}.csv", index=False)
    said = {
        "source": "field <1>.tif", "pixel_size_um": 0.1, "notes": ["12 % of the pixels are saturated."],
        "settings": asdict(AnalysisSettings()),
    }  # fmt: skip
    (path / "settings.json").write_text(json.dumps(said))
    return path


def test_cards_count_what_the_tables_hold(tmp_path):
    cards = {name: (value, rests) for name, value, rests in list_cards(read_measurement(folder(tmp_path / "m")))}
    assert cards["migrasomes"] == ("4", "2 tip, 1 shaft, 1 unknown")
    assert cards["retraction fibre"] == ("200 µm", "± 5 µm of tracing")  # 3 and 4 in quadrature
    assert cards["per 100 µm of fibre"][0] == "2"
    assert cards["median diameter"] == ("0.9 µm", "4 sized")


def test_upper_limits_are_no_diameters(tmp_path):
    found = read_measurement(folder(tmp_path / "m", diameter_is_limit=[True, False, False, False]))
    assert ("median diameter", "1.1 µm", "3 sized, 1 not") in list_cards(found)
    assert "1 are upper limits" in draw_diameters(found).caption


def test_the_page_warns_names_its_source_and_escapes_it(tmp_path):
    place = folder(tmp_path / "m")
    text = write_measured_page(place).read_text(encoding="utf-8")
    assert (place / "report.html").is_file()
    assert '<p class="warn">12 % of the pixels are saturated.</p>' in text
    assert "field &lt;1&gt;.tif" in text
    assert "One image is no experiment" in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")  # nothing is fetched


def test_only_a_film_has_a_course(tmp_path):
    assert draw_course(read_measurement(folder(tmp_path / "still"))) is None
    assert "5 frames" in draw_course(read_measurement(folder(tmp_path / "film", frames=5))).caption


def test_what_a_person_corrected_is_listed(tmp_path):
    own = {"edited": [False, True, True, False], "source": ["program", "program", "hand", "program"]}
    rows = list_edits(read_measurement(folder(tmp_path / "m", **own)))
    assert [(row["id"], row["how"]) for row in rows] == [("1", "changed"), ("2", "added")]
    assert "Corrected by hand" in render_measured(read_measurement(tmp_path / "m"))


def test_every_threshold_says_what_it_does():
    rows = list_thresholds(asdict(AnalysisSettings()))
    assert len(rows) == len(asdict(AnalysisSettings()))
    assert [name for name, _, meaning in rows if not meaning] == []


def test_nothing_found_is_a_page_too(tmp_path):
    place = folder(tmp_path / "m")
    for name in ("migrasomes", "fibres", "cells"):
        table = pd.read_csv(place / f"{name}.csv")
        table.head(0).to_csv(place / f"{name}.csv", index=False)
    assert "none was found" in render_measured(read_measurement(place))


def test_what_is_no_measurement_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"is not a measurement.*migralab measure IMAGE"):
        read_measurement(tmp_path)
    place = folder(tmp_path / "m")
    (place / "settings.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read as a measurement"):
        read_measurement(place)
