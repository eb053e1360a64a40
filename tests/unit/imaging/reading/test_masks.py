"""What is drawn into a picture can be left out: by boxes, by a mask file, or as found; and found it is."""

import csv

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw

from migralab.core.errors import DataError
from migralab.imaging.datasets import data_root
from migralab.imaging.reading import open_series
from migralab.imaging.reading.drawn import suggest_boxes

HUES = {"green": (0, 1, 0), "grey": (1, 1, 1), "gold": (1, 0.8, 0.1)}


def specimen(hue, side=256, seed=2):
    """A blurred, partly saturated body, fibres and dots in one hue, without anything drawn."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    light = np.zeros((side, side))
    light[150:230, 30:120] = 400
    light[rng.integers(100, side, 60), rng.integers(0, side, 60)] = 9000
    light[140:144, 120:] = 500
    light = ndimage.gaussian_filter(light, 2.5) + rng.normal(8, 2, light.shape)
    return (light.clip(0, 255)[..., None] * HUES[hue]).astype(np.uint8)


def draw(picture, what, colour):
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    from PIL import ImageFont

    if what == "text":
        pen.text((20, 20), "WGA-488", fill=colour, font=ImageFont.load_default(26))
    else:
        pen.rectangle((180, 230, 220, 234), fill=colour)
    return np.asarray(image)


@pytest.mark.parametrize("hue", HUES)
def test_nothing_is_suggested_where_nothing_is_drawn(hue):
    assert suggest_boxes(specimen(hue)) == []


@pytest.mark.parametrize("what", ["text", "bar"])
@pytest.mark.parametrize(
    ("hue", "colour"), [("green", (255,) * 3), ("green", (0, 255, 0)), ("grey", (255,) * 3), ("gold", (255, 204, 25))]
)
def test_text_and_bars_are_found_in_white_and_in_the_colour_of_the_specimen(what, hue, colour):
    plain = specimen(hue)
    picture = draw(plain, what, colour)
    drawn = (picture != plain).any(axis=-1)
    masked = np.zeros(drawn.shape, bool)
    for x0, y0, x1, y1 in suggest_boxes(picture):
        masked[y0:y1, x0:x1] = True
    assert masked[drawn].mean() > 0.95
    assert masked.sum() < 4 * drawn.sum() + 500


def test_what_is_drawn_is_noted_and_left_out_only_when_asked(tmp_path):
    file = tmp_path / "a.png"
    Image.fromarray(draw(specimen("green"), "text", (255, 255, 255))).save(file)
    plain = open_series(file, pixel_size=0.1)
    assert any("drawn text" in n and "--mask drawn" in n for n in plain.notes)
    assert not plain.masked.any()
    asked = open_series(file, pixel_size=0.1, mask="drawn")
    assert asked.masked[20:45, 20:100].mean() > 0.5
    assert any("left out" in n for n in asked.notes)
    assert asked.filled(0, 0)[asked.masked].max() < 60


def test_a_mask_file_leaves_out_what_is_white_in_it(tmp_path):
    file, mask = tmp_path / "a.png", np.zeros((256, 256), np.uint8)
    Image.fromarray(specimen("green")).save(file)
    mask[10:20, 30:50] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for name in ("mask.tif", "mask.png"):
        np.testing.assert_array_equal(open_series(file, pixel_size=0.1, mask=tmp_path / name).masked, mask > 0)
    Image.fromarray(255 - mask).save(tmp_path / "mask.png")
    assert any("inverted" in n for n in open_series(file, pixel_size=0.1, mask=tmp_path / "mask.png").notes)
    Image.fromarray(mask[:50]).save(tmp_path / "mask.png")
    with pytest.raises(DataError, match=r"mask\.png has 256 x 50"):
        open_series(file, pixel_size=0.1, mask=tmp_path / "mask.png")
    with pytest.raises(DataError, match="no mask file"):
        open_series(file, pixel_size=0.1, mask="absent.png")
    with pytest.raises(DataError, match="leaves nothing"):
        open_series(file, pixel_size=0.1, mask=[(0, 0, 256, 256)])


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (5, 5, 5, 9), (300, 0, 310, 5), (1, 2, 3)])
def test_a_box_outside_is_refused(tmp_path, box):
    Image.fromarray(specimen("green")).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="256 x 256"):
        open_series(tmp_path / "a.png", pixel_size=0.1, mask=[box])


@pytest.mark.data
def test_what_was_boxed_by_hand_on_published_panels_is_found_and_little_else():
    root = data_root()
    folder = root / "cellres_ccby_migrasome" if root else None
    if folder is None or not (folder / "masks.csv").is_file():
        pytest.skip("the panels are not on this machine (MIGRALAB_DATA)")
    lines = [line for line in (folder / "masks.csv").read_text().splitlines() if not line.startswith("#")]
    boxes = [r for r in csv.DictReader(lines) if r["what"] in {"text", "scale_bar", "inset"}]
    found, extra, pixels = 0, 0, 0
    for file in sorted(folder.glob("*.png")):
        picture = np.asarray(Image.open(file).convert("RGB"))
        masked, known = np.zeros(picture.shape[:2], bool), np.ones(picture.shape[:2], bool)
        known[5:-5, 5:-5] = False
        for x0, y0, x1, y1 in suggest_boxes(picture):
            masked[y0:y1, x0:x1] = True
        for row in (r for r in csv.DictReader(lines) if r["file"] == file.name):
            x0, y0, x1, y1 = (int(row[k]) for k in ("x0", "y0", "x1", "y1"))
            known[max(y0 - 6, 0) : y1 + 6, max(x0 - 6, 0) : x1 + 6] = True
            # the boxes by hand leave room around the letters
            found += row["what"] != "dashed_frame" and row["what"] != "corner" and masked[y0:y1, x0:x1].mean() > 0.4
        extra += int((masked & ~known).sum())
        pixels += masked.size
    assert found >= 0.9 * len(boxes)
    assert extra < 0.001 * pixels


def test_a_masked_place_takes_the_nearest_light_in_every_frame(tmp_path):
    frames = np.arange(2 * 9 * 9, dtype=np.uint16).reshape(2, 9, 9)
    tifffile.imwrite(tmp_path / "a.tif", frames, metadata={"axes": "TYX"}, photometric="minisblack")
    series = open_series(tmp_path / "a.tif", pixel_size=0.1, frame_interval=1.0, mask=[(0, 0, 2, 9)])
    for frame in range(2):
        expected = frames[frame].astype(float)
        expected[:, :2] = expected[:, 2:3]
        np.testing.assert_array_equal(series.filled(frame, 0), expected)
        np.testing.assert_array_equal(series.load().filled(frame, 0), expected)
        np.testing.assert_array_equal(series.plane(frame, 0), frames[frame])
