"""Fields on disk: what was written comes back, xarray opens it, and what is lost is missing and not zero."""

import json
import shutil

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.results import fields as module
from migralab.results.fields import FieldSeries, write_fields
from migralab.results.run import RUN_TABLES, Provenance, Run, open_run, write_run

TIMES = (0.0, 30.0)
# A layer of 2 x 3 voxels of 4 um (y) x 2 um (x), whose lower corner is at y = -4, x = 10
LAYER = FieldSeries(
    name="cue", unit="nM", values=np.arange(12, dtype=np.float32).reshape(2, 2, 3), spacing_um=(4.0, 2.0),
    origin_um=(-4.0, 10.0), depth_um=5.0, meaning="free cue in the fluid",
    obstacle=np.array([[False, True, False], [False, False, False]]),
)  # fmt: skip
BOX = FieldSeries(
    name="cue_bound", unit="1/um^2", values=np.arange(32, dtype=np.float32).reshape(2, 2, 2, 4),
    spacing_um=(1.0, 4.0, 2.0), origin_um=(0.0, -4.0, 10.0), depth_um=None, meaning="cue bound to the matrix",
)  # fmt: skip


def made(*fields, times=TIMES):
    record = Provenance(
        key="k", entry="e", arm="a", seed=1, status="completed", field_area_um2=1e4, frames_min=times, versions={}
    )
    tables = {name: {"cell_id": np.array([0])} for name in RUN_TABLES}
    return Run(experiment="id: e\n", provenance=record, tables=tables, fields={field.name: field for field in fields})


def test_fields_come_back_as_they_were_written(tmp_path):
    assert write_run(made(LAYER, BOX), tmp_path / "run").fields["cue"] is LAYER
    again = open_run(tmp_path / "run").fields
    assert list(again) == ["cue", "cue_bound"]
    for field in (LAYER, BOX):
        found = again[field.name]
        np.testing.assert_array_equal(found.values, field.values)
        assert found.values.dtype == np.float32
        for name in ("name", "unit", "spacing_um", "origin_um", "depth_um", "meaning"):
            assert getattr(found, name) == getattr(field, name)
    np.testing.assert_array_equal(again["cue"].obstacle, LAYER.obstacle)
    assert again["cue_bound"].obstacle is None


def test_a_run_without_fields_has_no_store_and_opens_as_before(tmp_path):
    write_run(made(), tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "experiment.yaml",
        "provenance.json",
        "tables",
    ]
    assert dict(open_run(tmp_path / "run").fields) == {}


def test_xarray_opens_it_with_axes_places_and_units_and_without_a_warning(tmp_path):
    import xarray as xr

    write_run(made(LAYER, BOX), tmp_path / "run")
    with xr.open_zarr(tmp_path / "run" / "fields.zarr") as opened:  # warnings are errors in these tests
        assert opened["cue"].dims == ("time_min", "y_um", "x_um")
        assert opened["cue"].attrs["units"] == "nM"
        assert opened["cue"].attrs["long_name"] == "free cue in the fluid"
        assert opened["x_um"].attrs["units"] == "um"
        # Worked out by hand: centres lie half a voxel from the corner
        np.testing.assert_array_equal(opened["x_um"], [11, 13, 15])
        np.testing.assert_array_equal(opened["y_um"], [-2, 2])
        np.testing.assert_array_equal(opened["z_um"], [0.5, 1.5])
        assert float(opened["cue"].sel(time_min=30, y_um=2, x_um=13)) == 10
        # The box has four voxels along x, so it cannot share that axis with the layer; y it can
        assert opened["cue_bound"].dims == ("time_min", "z_um", "y_um", "x_um_of_cue_bound")
        np.testing.assert_array_equal(opened["x_um_of_cue_bound"], [11, 13, 15, 17])
        assert opened["cue_obstacle"].dims == ("y_um", "x_um")
        assert opened["cue_obstacle"].values.tolist() == LAYER.obstacle.tolist()


def test_a_chunk_is_a_frame_and_a_lost_one_is_missing_and_not_zero(tmp_path):
    empty = FieldSeries(
        name="cue", unit="nM", values=np.zeros((2, 2, 3), np.float32), spacing_um=(4.0, 2.0), origin_um=(0.0, 0.0),
        depth_um=5.0, meaning="nothing yet",
    )  # fmt: skip
    write_run(made(empty), tmp_path / "run")
    chunks = tmp_path / "run" / "fields.zarr" / "cue" / "c"
    assert sorted(path.name for path in chunks.iterdir()) == ["0", "1"]
    shutil.rmtree(chunks / "1")
    values = open_run(tmp_path / "run").fields["cue"].values
    assert (values[0] == 0).all()
    assert np.isnan(values[1]).all()


def test_values_are_read_when_they_are_asked_for_and_only_once(tmp_path, monkeypatch):
    write_run(made(LAYER, BOX), tmp_path / "run")
    asked = []
    read = module._read_field
    monkeypatch.setattr(module, "_read_field", lambda path, name: asked.append(name) or read(path, name))
    run = open_run(tmp_path / "run")
    assert len(run.fields) == 2
    assert "cue" in run.fields
    assert asked == ["cue"]
    assert run.fields["cue"] is run.fields["cue"]
    assert asked == ["cue"]
    with pytest.raises(KeyError):
        run.fields["colour"]


def test_a_run_whose_fields_cannot_be_written_does_not_appear(tmp_path):
    with pytest.raises(ValueError, match="2 frames for 3 times"):
        write_run(made(LAYER, times=(0.0, 30.0, 60.0)), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    write_run(made(LAYER), tmp_path / "run")  # and what was left behind is not in the way
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_field_under_another_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'cue' is filed under 'other'"):
        write_fields({"other": LAYER}, TIMES, tmp_path / "fields.zarr")


@pytest.mark.parametrize(("file", "text"), [("zarr.json", "{"), ("cue/zarr.json", "")])
def test_a_damaged_store_is_one_clear_error(tmp_path, file, text):
    write_run(made(LAYER), tmp_path / "run")
    store = tmp_path / "run" / "fields.zarr"
    content = json.loads((store / "zarr.json").read_text())
    content.pop("consolidated_metadata")  # so that the array's own description is what counts
    (store / "zarr.json").write_text(json.dumps(content))
    (store / file).write_text(text)
    with pytest.raises(DataError, match=r"fields\.zarr.*damaged"):
        open_run(tmp_path / "run").fields["cue"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "a b"}, "small letters"),
        ({"spacing_um": (4.0,)}, "1 spacings"),
        ({"spacing_um": (4.0, 0.0)}, "above 0"),
        ({"values": np.zeros((2, 3), np.float32)}, "wanted"),
        ({"depth_um": None}, "a layer has a depth_um"),
        ({"obstacle": np.zeros((3, 2), np.bool_)}, "obstacles of shape"),
    ],
)
def test_what_does_not_belong_together_is_refused(change, words):
    import dataclasses

    with pytest.raises(ValueError, match=words):
        dataclasses.replace(LAYER, **change)
