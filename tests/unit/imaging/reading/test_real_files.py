"""Published files of other groups are read as their authors describe them."""

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.imaging.datasets import data_root
from migralab.imaging.reading import open_series

pytestmark = pytest.mark.data


def real(name):
    path = (data_root() or pytest.skip("no data folder (MIGRALAB_DATA)")) / name
    return path if path.exists() else pytest.skip(f"{path} is not on this machine")


def test_an_imagej_file_whose_unit_stands_only_in_its_description():
    series = open_series(real("turku_filopodia/MCF7_FN_actin_MYO10.tiff"))
    assert series.pixel_size_um == pytest.approx(1 / 6.410, rel=1e-3)
    assert (series.frames, len(series.channels), series.shape) == (1, 2, (512, 512))
    # big-endian, 16 bits: the display ranges in the file are 528-65535 and 658-65535
    assert series.plane(0, 0).max() == 65535
    assert series.plane(0, 0).min() == pytest.approx(528, abs=10)


def test_an_ome_tiff_of_four_stains():
    series = open_series(real("pypi_ndev_sampledata/neuron-4Ch.tiff"))
    assert series.channels == ("AF647", "AF568", "AF488", "DAPI")
    assert series.pixel_size_um == pytest.approx(0.1241)
    assert series.shape == (623, 502)


def test_an_ome_tiff_in_the_order_of_channels_before_times():
    path = real("pypi_ndev_sampledata/scratch-assay-labeled-10T-2Ch.tiff")
    with pytest.raises(DataError, match="--frame-interval"):
        open_series(path)
    series = open_series(path, frame_interval=10.0)
    assert (series.frames, series.shape) == (10, (210, 576))
    assert series.channels == ("H3342", "oblique", "nuclei", "cyto")
    # labels are whole numbers from 0, and the same nuclei stand in the stain at every time
    for frame in range(10):
        stain, labels = series.plane(frame, 0), series.plane(frame, 2)
        assert labels.max() < 1000
        assert stain[labels > 0].mean() > 1.5 * stain[labels == 0].mean()


def test_a_plain_tiff_asks_for_its_pixel_size():
    path = real("pypi_stardist/img2d.tif")
    with pytest.raises(DataError, match="--pixel-size"):
        open_series(path)
    assert open_series(path, pixel_size=0.3).shape == (512, 512)
    assert len(np.unique(open_series(real("pypi_stardist/mask2d.tif"), pixel_size=0.3).plane(0, 0))) == 126


def test_fifty_pictures_in_a_folder_are_a_film():
    series = open_series(real("trackpy_bulk_water"), pixel_size=1 / 2.85, frame_interval=1 / 24 / 60)
    assert (series.frames, series.shape) == (50, (424, 640))
    assert not np.array_equal(series.plane(0, 0), series.plane(49, 0))


def test_every_panel_asks_for_its_scale_and_is_then_read():
    folder = real("cellres_ccby_migrasome")
    panels = sorted(folder.glob("*.png"))
    assert len(panels) == 39
    for panel in panels:
        with pytest.raises(DataError, match="--pixel-size"):
            open_series(panel)
        series = open_series(panel, pixel_size=0.1)
        assert series.frames == len(series.channels) == 1
        assert np.ptp(series.plane(0, 0)) > 50


def test_beads_in_bright_field_and_sections_are_dark_on_light_and_fluorescence_is_not():
    dark = ["trackpy_bulk_water/bulk_water_000.png", "cellres_ccby_migrasome/zhao2019_fig1a_TEM_migrasomes.png"]
    light = [f"cellres_ccby_migrasome/{name}.png" for name in ("chen2019_fig1d_GA", "zhao2019_figS3b_panel05")]
    noted = [any("dark on light" in n for n in open_series(real(f), pixel_size=0.1).notes) for f in dark + light]
    assert noted == [True, True, False, False]
