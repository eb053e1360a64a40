"""A film from a scene file, measured: lives, growth, events and drift against what the scene says; FRAP likewise."""

from __future__ import annotations

import pandas as pd
import pytest

from migralab.cli.main import main

FILM = """\
schema: 1
field_um: [0, 0, 18, 12]
seed: 5
channels: [WGA]
microscope: {preset: confocal}
cells:
  - {id: 1, x_um: 17, y_um: 6, heading_deg: 0, area_um2: 80}
fibres:
  - {id: a, cell: 1, points: [[3, 3], [13, 6]]}
  - {id: b, cell: 1, points: [[3, 9.5], [13, 6.5]]}
migrasomes:
  - {fibre: a, at: tip, diameter_um: 1.5, born_min: 12, growth_min: 25}
  - {fibre: b, at: tip, diameter_um: 1.2}
  - {fibre: b, at: 0.5, diameter_um: 1.0, gone_min: 62}
series:
  frames: 16
  interval_min: 8
  drift_um: [0.03, -0.02]
"""

FRAP = """\
schema: 1
field_um: [0, 0, 15, 12]
seed: 3
channels: [TSPAN4]
microscope: {preset: confocal}
cells:
  - {id: 1, x_um: 14, y_um: 6, heading_deg: 0, area_um2: 60}
fibres:
  - {id: a, cell: 1, points: [[3, 3], [11, 6]]}
  - {id: b, cell: 1, points: [[3, 9.5], [11, 6.5]]}
migrasomes:
  - {fibre: a, at: tip, diameter_um: 1.2, enrichment: 6, lumen: 0}
  - {fibre: b, at: tip, diameter_um: 1.4, enrichment: 6, lumen: 0}
series:
  frames: 24
  interval_s: 5
  bleaching: {TSPAN4: 0.004}
  frap: {channel: TSPAN4, x_um: 3, y_um: 3, radius_um: 1.2, at_min: 0.33333, depth: 0.9, half_time_s: 20, mobile: 0.7}
"""


def _taken(folder, scene):
    (folder / "scene.yaml").write_text(scene)
    assert main(["image", str(folder / "scene.yaml"), "-o", str(folder / "film.ome.tif")]) == 0
    return folder / "film.ome.tif"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    assert main(["measure", str(_taken(folder, FILM)), "--workers", "1", "-o", str(folder / "m")]) == 0
    return folder / "m"


@pytest.fixture(scope="module")
def bleached(tmp_path_factory):
    return _taken(tmp_path_factory.mktemp("frap"), FRAP)


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        got = main([str(a) for a in arguments])
        said = capsys.readouterr()
        assert got == code, said.err
        return said.out if code == 0 else said.err

    return run


def test_lives_are_those_of_the_scene(film):
    tracks = pd.read_csv(film / "tracks.csv").set_index("attachment")
    assert len(tracks) == 3
    gone = tracks.loc["shaft"]
    assert gone["fate"] == "ruptured"  # its fibre is still there
    assert gone["gone_earliest_min"] <= 62 <= gone["gone_latest_min"]
    tips = tracks.loc["tip"].sort_values("y_um")
    new, old = tips.iloc[0], tips.iloc[1]
    # born at 12 min: too small to be seen before 16; 0.4 um after 8 min of growth, at 20
    assert new["appeared_earliest_min"] in (8, 16, 24)
    assert pd.isna(old["appeared_min"])
    assert old["birth_unknown"] == "there in the first frame"
    assert set(tips["end_unknown"]) == {"there in the last frame"}


def test_events_have_frame_time_and_place(film):
    events = pd.read_csv(film / "events.csv")
    assert list(events["event"]) == ["appeared", "ruptured"]
    gone = events.iloc[1]
    assert (gone["frame"], gone["earliest_min"], gone["latest_min"]) == (8, 56, 64)
    # half of the way between (3, 9.5) and (13, 6.5), and eight frames of drift
    assert gone["x_um"] == pytest.approx(8 + 8 * 0.03, abs=0.15)
    assert gone["y_um"] == pytest.approx(8 - 8 * 0.02, abs=0.15)


def test_growth_is_that_of_the_scene(film):
    growth = pd.read_csv(film / "growth.csv").sort_values("tau_min", na_position="last")
    grown = growth.iloc[0]
    assert grown["law"] == "saturating"
    assert grown["tau_low_min"] <= 25 <= grown["tau_high_min"]
    assert grown["d_inf_um"] == pytest.approx(1.5, abs=3 * grown["d_inf_sd_um"] + 0.03)
    few = growth[growth["law"].isna()]
    assert all("8 are needed" in note for note in few["note"])


def test_drift_is_that_of_the_scene(film):
    drift = pd.read_csv(film / "drift.csv")
    assert drift["known"].all()
    assert (drift["x_um"] - 0.03 * drift["frame"]).abs().max() < 0.03
    assert (drift["y_um"] + 0.02 * drift["frame"]).abs().max() < 0.03


def test_the_page_shows_them(film):
    page = (film / "report.html").read_text()
    for title in ("Growth", "Lives", "Drift"):
        assert f"<h3>{title}</h3>" in page
    assert "Recovery" not in page


def test_recovery_is_that_of_the_protocol(bleached, call, tmp_path):
    out = call("measure", bleached, "--frap", "--workers", "1", "-o", "m")
    rows = pd.read_csv(tmp_path / "m" / "recovery.csv")
    assert len(rows) == 1
    one = rows.iloc[0]
    assert one["bleached_at_frame"] == 4
    assert (one["x_um"], one["y_um"]) == pytest.approx((3, 3), abs=0.1)
    assert one["neighbours"] == 1
    assert abs(one["half_time_s"] - 20) < 3 * one["half_time_sd_s"] < 6
    assert one["half_time_low_s"] < 20 < one["half_time_high_s"]
    assert one["mobile_fraction"] == pytest.approx(0.7, abs=3 * one["mobile_fraction_sd"] + 0.01)
    assert "half-time" in out
    curves = pd.read_csv(tmp_path / "m" / "recovery_curves.csv")
    assert curves.loc[curves["time_s"] < 0, "light"].mean() == pytest.approx(1.0, abs=1e-3)
    assert "Recovery after the bleach" in (tmp_path / "m" / "report.html").read_text()


@pytest.mark.parametrize(
    ("spots", "arguments", "words"),
    [
        ("x_um,y_um\n3,40\n", (), "spots.csv:2: x_um = 3, y_um = 40 is outside the image of 15 x 12 um"),
        ("x,y\n3,4\n", (), "has no column x_um and y_um"),
        ("x_um,y_um\n3,here\n", (), "spots.csv:2: y_um = 'here' is no number"),
        ("x_um,y_um\n", (), "names no spot"),
        ("x_um,y_um\n3,3\n", ("--bleached-at", "20"), "Allowed: 1 to 16"),
    ],
)
def test_spots_that_make_no_sense_are_refused(spots, arguments, words, bleached, call, tmp_path):
    (tmp_path / "spots.csv").write_text(spots)
    err = call("measure", bleached, "--frap", "--frap-spots", "spots.csv", *arguments, "-o", "m", code=2)
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_frap_of_what_is_no_frap_film_is_refused(bleached, call, tmp_path):
    import tifffile

    planes = tifffile.imread(bleached)
    for name, frames in (("one", planes[:1]), ("short", planes[:7]), ("steady", planes[5:])):
        axes = {"axes": "TYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "TimeIncrement": 5.0}
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", frames, metadata=axes, photometric="minisblack")
    assert "this has one frame" in call("measure", "one.ome.tif", "--frap", "-o", "m", code=2)
    assert "too short for --frap" in call("measure", "short.ome.tif", "--frap", "-o", "m", code=2)
    err = call("measure", "steady.ome.tif", "--frap", "--workers", "1", "-o", "m", code=2)
    assert "there is no frame in which the light of an object falls by 30%" in err
    assert not (tmp_path / "m").exists()
    assert "--bleached-at belongs to --frap" in call("measure", "one.ome.tif", "--bleached-at", "3", code=2)
