"""Published files are found, checked by hash, masked, and asked for where they are absent."""

import hashlib

import numpy as np
import pytest

from migralab.core.errors import DataError, UnknownIdError
from migralab.imaging.datasets import find_dataset, find_mask, load_registry


def test_every_dataset_says_where_it_comes_from():
    for dataset in load_registry().values():
        assert "doi" in dataset.origin or "repository" in dataset.origin or "package" in dataset.origin
        assert dataset.credit
        assert dataset.licence
        for panel in dataset.panels.values():
            assert len(panel.sha256) == 64
            assert panel.pixel_size_um is None or panel.pixel_size_from


def test_absent_data_tell_where_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("MIGRALAB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"10\.1038/s41421-019-0093-y.*CC BY 4\.0.*MIGRALAB_DATA"):
        find_dataset("zhao2019_figS1a")


def test_another_file_of_the_same_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MIGRALAB_DATA", str(tmp_path))
    folder = tmp_path / "cellres_ccby_migrasome"
    folder.mkdir()
    (folder / "zhao2019_figS1a_NRK_TSPAN4GFP.png").write_bytes(b"another picture")
    with pytest.raises(DataError, match="sha256"):
        find_dataset("zhao2019_figS1a")
    assert find_dataset("cellres_ccby_migrasome") == folder


def test_an_unknown_name_lists_the_nearest():
    with pytest.raises(UnknownIdError, match="zhao2019_figS1a"):
        find_dataset("zhao2019_figS1")


def test_boxes_are_masked_and_a_dashed_frame_keeps_its_inside(tmp_path):
    (tmp_path / "masks.csv").write_text(
        "# boxes\nfile,x0,y0,x1,y1,what\na.png,10,20,30,40,text\na.png,50,50,90,90,dashed_frame\nb.png,0,0,9,9,text\n"
    )
    masked = find_mask(tmp_path / "a.png", (100, 100))
    assert masked[25, 15]
    assert masked[50, 70]
    assert not masked[70, 70]
    assert not masked[5, 5]
    assert not find_mask(tmp_path / "c.png", (100, 100)).any()


def test_the_border_of_a_known_panel_is_masked(tmp_path):
    masked = find_mask(tmp_path / "chen2019_fig1d_GA.png", (50, 60))
    inner = np.zeros_like(masked)
    inner[5:-5, 5:-5] = True
    np.testing.assert_array_equal(masked, ~inner)


@pytest.mark.data
def test_the_files_are_the_ones_that_the_registry_means():
    for dataset in load_registry().values():
        for name, panel in dataset.panels.items():
            try:
                path = find_dataset(name)
            except DataError as absent:
                pytest.skip(str(absent))
            assert hashlib.sha256(path.read_bytes()).hexdigest() == panel.sha256
