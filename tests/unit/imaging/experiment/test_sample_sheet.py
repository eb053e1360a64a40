"""Sheets and folders give condition and replicate, or say what is wrong and where."""

import numpy as np
import pytest

from migralab.core.errors import DataError, UnknownIdError
from migralab.imaging.experiment.pool_images import pool_fields
from migralab.imaging.experiment.sample_sheet import read_sample_sheet
from migralab.imaging.experiment.statistics import compare_conditions
from migralab.imaging.experiment.tabulate import tabulate_objects, tabulate_replicates
from migralab.measure import measure
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES


def images(folder, *names):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"II*\x00" + number.to_bytes(4, "little") * 3)
    return folder


def sheet(folder, text):
    path = folder / "samples.csv"
    path.write_text(text)
    return path


def test_a_sheet_gives_condition_replicate_day_and_scale(tmp_path):
    images(tmp_path, "a.tif", "b.tif", "c.tif", "d.tif")
    found = read_sample_sheet(
        sheet(
            tmp_path,
            "file,condition,replicate,day,pixel_size,frame_interval\n"
            "a.tif,drug,d1,mon,115nm,8min\nb.tif,drug,d2,tue,0.1um,\n\nc.tif,control,c1,mon,,\nd.tif,control,c2,tue,,\n",
        )
    )
    assert found.conditions == ("drug", "control")
    assert found.replicates("drug") == ("d1", "d2")
    assert found.images[0].pixel_size_um == pytest.approx(0.115)
    assert found.images[0].frame_interval_min == pytest.approx(8)
    assert found.images[1].frame_interval_min is None
    assert found.paired
    assert found.images_of("control", "c1")[0].file == tmp_path / "c.tif"
    assert any("Two replicates" in note for note in found.notes)
    with pytest.raises(UnknownIdError, match="drug"):
        found.replicates("drgu")


def test_folders_are_condition_and_replicate(tmp_path):
    root = images(
        tmp_path / "data", "drug/1/a.tif", "drug/1/b.tif", "drug/2/a.tif", "control/1/a.png", "drug/1/notes.txt"
    )
    (root / "control" / "2" / "x.ome.zarr" / "0").mkdir(parents=True)
    (root / "control" / ".hidden").write_text("")
    found = read_sample_sheet(root)
    assert [(i.condition, i.replicate, i.file.name) for i in found.images] == [
        ("control", "1", "a.png"), ("control", "2", "x.ome.zarr"), ("drug", "1", "a.tif"), ("drug", "1", "b.tif"),
        ("drug", "2", "a.tif"),
    ]  # fmt: skip
    assert not found.paired  # the same number in two folders does not make two dishes one pair
    assert any("notes.txt" in note for note in found.notes)
    assert any("p below 0.33" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("file,condition\na.tif,drug\n", "no column 'replicate'"),
        ("file,condition,replicate\na.tif,drug,\n", r"line 2: no replicate\. .*dish"),
        ("file,condition,replicate\n,drug,1\n", "line 2: no file"),
        ("file,condition,replicate\na.tif,drug,1\naa.tif,drug,2\n", r"line 3: there is no file.*Did you mean 'a\.tif'"),
        ("file,condition,replicate\na.tif,drug,1\na.tif,control,1\n", "more than once"),
        ("file,condition,replicate\na.tif,drug,1\ncopy.tif,drug,2\n", "same file under two names"),
        ("file,condition,replicate,pixel_sise\na.tif,drug,1,0.1um\n", "Did you mean 'pixel_size'"),
        ("file,condition,replicate,pixel_size\na.tif,drug,1,0.1\n", "line 2: pixel_size: .*no unit"),
        ("file,condition,replicate,pixel_size\na.tif,drug,1,0um\n", "not above 0"),
        ("file,condition,replicate,day\na.tif,drug,1,mon\nb.tif,drug,1,tue\n", "on day 'mon' and on 'tue'"),
        ("file,condition,replicate\n", "names no image"),
    ],
)
def test_errors_name_the_line_and_what_to_do(tmp_path, text, match):
    images(tmp_path, "a.tif", "b.tif")
    (tmp_path / "copy.tif").write_bytes((tmp_path / "a.tif").read_bytes())
    with pytest.raises(DataError, match=match):
        read_sample_sheet(sheet(tmp_path, text))


def test_images_without_a_replicate_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no replicate"):
        read_sample_sheet(images(tmp_path / "data", "drug/a.tif", "control/a.tif"))
    with pytest.raises(DataError, match="too deep"):
        read_sample_sheet(images(tmp_path / "deep", "drug/1/more/a.tif"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no image"):
        read_sample_sheet(tmp_path / "empty")
    with pytest.raises(DataError, match="no sample sheet"):
        read_sample_sheet(tmp_path / "gone.csv")


def test_one_replicate_and_one_condition_are_said(tmp_path):
    images(tmp_path, "a.tif", "b.tif")
    found = read_sample_sheet(sheet(tmp_path, "file,condition,replicate\na.tif,drug,1\nb.tif,drug,1\n"))
    assert any("no statistics over replicates is possible" in note for note in found.notes)
    assert any("nothing can be compared" in note for note in found.notes)


def seen(cells, vesicles, area=100.0):
    tables = {name: empty_table(name) for name in TABLES}
    tables["cells"] = conform("cells", {"frame": [0] * cells, "cell_id": list(range(cells)), "x_um": [5.0] * cells})
    tables["migrasomes"] = conform(
        "migrasomes",
        {"frame": [0] * len(vesicles), "cell_id": vesicles, "migrasome_id": list(range(len(vesicles))),
         "x_um": [1.0] * len(vesicles), "stage": ["stabilised"] * len(vesicles)},
    )  # fmt: skip
    return Observations(tables=tables, origin="image", experiment="field", field_area_um2=area, notes=("dim",))


def test_fields_of_a_dish_become_one_experiment():
    whole = pool_fields([seen(2, [0, 0, 1, -1]), seen(3, [2, 2, -1])], experiment="dish", condition="drug")
    assert whole["cells"]["cell_id"].is_unique
    assert whole["migrasomes"]["migrasome_id"].is_unique
    assert list(whole["migrasomes"]["cell_id"]) == [0, 0, 1, -1, 4, 4, -1]
    assert whole.field_area_um2 == 200
    assert whole.notes == ("field: dim", "field: dim")
    x = whole["migrasomes"]["x_um"].to_numpy()
    assert np.abs(x[:4, None] - x[None, 4:]).min() > 1e4  # nothing of one field is near anything of another
    found = measure(whole, ["count.per_cell"])["count.per_cell"]
    assert (found.experiment, found.condition, found.n) == ("dish", "drug", 5)
    assert found.value == pytest.approx(7 / 5)
    with pytest.raises(DataError, match="no images"):
        pool_fields([], experiment="dish")


def test_a_sheet_and_its_images_become_the_tables_that_are_compared(tmp_path):
    images(tmp_path, "a.tif", "b.tif", "c.tif", "d.tif", "e.tif")
    text = "file,condition,replicate\na.tif,drug,d1\nb.tif,drug,d1\nc.tif,drug,d2\nd.tif,control,c1\ne.tif,control,c2\n"
    found = read_sample_sheet(sheet(tmp_path, text))
    counts = {"a.tif": 6, "b.tif": 2, "c.tif": 6, "d.tif": 2, "e.tif": 1}
    measured = {image.file: seen(2, [0] * counts[image.file.name]) for image in found.images}
    replicates = tabulate_replicates(found, measured, ["count.per_cell"])
    assert list(replicates["count.per_cell"]) == [2.0, 3.0, 1.0, 0.5]
    compared = compare_conditions(replicates, "count.per_cell", first="drug", second="control")
    assert compared.ratio.value == pytest.approx(6**0.5 / 0.5**0.5)
    assert compared.ratio.n == (2, 2)
    objects = tabulate_objects(found, measured)
    assert objects.groupby("image", sort=False).size().to_dict() == counts
    assert list(objects.columns[:4]) == ["condition", "replicate", "day", "image"]
    with pytest.raises(DataError, match="was not measured"):
        tabulate_objects(found, {})
