"""A scene file gives the scene that it describes, and every mistake in it is named with its line."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from migralab.core.errors import SpecError
from migralab.microscope.scene_file import document
from migralab.microscope.scene_file.build import ENRICHMENT_MEDIAN, image_scene_file, scene_from_file
from migralab.microscope.write import write_micrographs

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "scene.yaml"
SHORT = """
schema: 1
field_um: [0, 0, 12, 10]
fibres:
  - {id: a, points: [[1, 5], [5, 5], [11, 5]]}
  - {id: b, points: [[5, 1], [5, 5]]}
migrasomes:
  - {fibre: a, at: tip, diameter_um: 1.2}
  - {fibre: a, at: 0.4, diameter_um: 0.8, enrichment: 7}
  - {x_um: 9, y_um: 8, diameter_um: 0.6}
"""


def scene_of(tmp_path, text, more=""):
    path = tmp_path / "scene.yaml"
    path.write_text(text + more, encoding="utf-8")
    return scene_from_file(path)


def test_migrasomes_sit_where_the_file_puts_them(tmp_path):
    seen = scene_of(tmp_path, SHORT).scenes[0].vesicles
    assert seen.centre.tolist() == [[1.0, 5.0], [5.0, 5.0], [9.0, 8.0]]
    assert seen.attachment.tolist() == ["tip", "junction", "unknown"]
    assert (seen.node_id.tolist(), seen.enrichment[1]) == ([0, 0, -1], 7.0)


def test_what_is_left_open_is_drawn_from_the_evidence(tmp_path):
    rows = "".join(f"  - {{x_um: {x % 12}, y_um: 5}}\n" for x in range(2000))
    seen = scene_of(tmp_path, SHORT + rows).scenes[0].vesicles
    assert np.median(seen.enrichment) == pytest.approx(ENRICHMENT_MEDIAN, rel=0.1)
    # TSPAN4 4 to 40 times the fibre in the image, half of it geometry (S, C): 95 % within
    assert np.mean((seen.enrichment > 2) & (seen.enrichment < 20)) == pytest.approx(0.95, abs=0.02)
    assert seen.rna.mean() == pytest.approx(0.30, abs=4 * np.sqrt(0.21 / 2003))  # F, SYTO14
    few = scene_of(tmp_path, SHORT).scenes[0].vesicles
    np.testing.assert_array_equal(few.lumen, seen.lumen[:3])


def test_migrasome_grows_detaches_and_goes(tmp_path):
    more = "  - {x_um: 3, y_um: 3, born_min: 10, growth_min: 20, diameter_um: 2, detached_min: 30, gone_min: 50}\n"
    setup = scene_of(tmp_path, SHORT, more + "series: {frames: 7, interval_min: 10}\n")
    sizes = [scene.vesicles.diameter[3:].tolist() for scene in setup.scenes]
    assert sizes[:2] == [[], []]  # begins at zero
    for frame in (2, 3, 4):
        assert sizes[frame] == pytest.approx([2 * (1 - np.exp(-(frame * 10 - 10) / 20))])
    assert sizes[5:] == [[], []]
    assert [scene.vesicles.attached[3] for scene in setup.scenes[2:5]] == [True, False, False]


def test_scattered_things_keep_clear_of_fibres_and_puncta_lie_on_them(tmp_path):
    more = "scatter: {debris: 40, free: 10, puncta: 5, puncta_on_fibres: 12}\n"
    scene = scene_of(tmp_path, SHORT, more).scenes[0]
    kinds = pd.Series(scene.dots.kind).value_counts()
    assert (kinds["debris"], kinds["punctum"]) == (40, 17)
    assert (scene.vesicles.kind == "free").sum() == 10
    x, y = scene.dots.centre[scene.dots.kind == "debris"].T
    along_a = np.hypot(np.maximum(np.maximum(1 - x, x - 11), 0), y - 5)
    assert along_a.min() > 1.0
    on = scene.dots.centre[-12:]
    assert ((np.abs(on[:, 1] - 5) < 1e-9) | (np.abs(on[:, 0] - 5) < 1e-9)).all()


def test_example_is_imaged_and_written_with_its_truth(tmp_path):
    dish = image_scene_file(EXAMPLE)
    assert dish.micrographs[0].pixels.shape == (2, 200, 360)
    paths = write_micrographs(dish, tmp_path / "scene.ome.tiff")
    truth = pd.read_csv(paths["truth_migrasomes.csv"])
    assert truth.groupby("frame").size().tolist() == [2, 3, 3, 3]
    again = image_scene_file(EXAMPLE)
    np.testing.assert_array_equal(again.micrographs[2].pixels, dish.micrographs[2].pixels)


def test_microscope_and_series_are_those_of_the_file(tmp_path):
    more = """
microscope: {preset: dim, psf_um: 0.2, bits: 8, brightest: 60, background: 3}
channels: [TSPAN4, WGA]
seed: 5
series:
  frames: 2
  interval_s: 30
  stack: {planes: 3, step_um: 0.4}
  bleaching: {WGA: 0.1}
  frap: {channel: TSPAN4, x_um: 1, y_um: 5, radius_um: 1, at_min: 0.5}
reporter: {enrichment: 2}
"""
    setup = scene_of(tmp_path, SHORT, more)
    scope, plan = setup.microscope, setup.protocol
    assert (scope.psf_um, scope.bits, scope.background, scope.photons_per_um2) == (0.2, 8, 3.0, 300.0)
    assert [scene.time_min for scene in setup.scenes] == [0.0, 0.5]
    assert plan.heights_um == pytest.approx((-0.4, 0.0, 0.4))
    assert (plan.frap.channel, plan.bleaching, plan.reporter.enrichment) == ("TSPAN4", {"WGA": 0.1}, 2.0)


def test_block_is_cut_at_random_heights(tmp_path):
    setup = scene_of(tmp_path, SHORT, "microscope: {preset: tem-section}\ncut_block_um: 2\n")
    assert len(set(setup.scenes[0].vesicles.z_um)) == 3


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ("channels: [WGAA]\n", 11, "Did you mean WGA"),
        ("microscope: {preset: confocl}\n", 11, "Did you mean confocal"),
        ("microscop: {}\n", 11, "Did you mean microscope"),
        ("  - {fibre: z}\n", 11, "Fibres: a, b"),
        ("  - {fibre: a, x_um: 1, y_um: 2}\n", 11, "not both"),
        ("  - {fibre: a, at: 1.5}\n", 11, "less than or equal to 1"),
        ("series: {frames: 4}\n", 11, "interval_min or interval_s"),
        ("cells: [{id: 1}]\n", 11, "give an outline"),
        ("dots: [{kind: dirt, x_um: 1, y_um: 1}]\n", 11, "debris"),
        ("dots: [{x_um: 1}]\n", 11, "where is it"),
        ("series: {bleaching: {DiI: 0.1}}\n", 11, "Channels: WGA"),
        ("fibres: []\n", 11, "stands twice"),
        ("microscope: {psf_um: 0.1, objective: {kind: confocal, aperture: 1.2, emission_um: 0.5}}\n", 11, "not both"),
    ],
)
def test_mistake_is_named_with_its_line(tmp_path, more, line, says):
    with pytest.raises(SpecError, match=says) as caught:
        scene_of(tmp_path, SHORT, more)
    assert f"scene.yaml:{line}" in str(caught.value)


def test_all_mistakes_come_in_one_message(tmp_path):
    wrong = SHORT.replace("12, 10]", "-1, 10]").replace("fibre: a, at: tip", "fibre: q, at: tip")
    with pytest.raises(SpecError) as caught:
        scene_of(tmp_path, wrong)
    assert str(caught.value).count("scene.yaml:") == 2


def test_files_on_the_how_to_page_are_read(tmp_path):
    page = (ROOT / "docs" / "how-to" / "write-a-scene.md").read_text(encoding="utf-8")
    short, full = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(scene_of(tmp_path, short).scenes[0].vesicles.diameter) == 2
    setup = scene_of(tmp_path, full)
    assert [scene.time_min for scene in setup.scenes] == [0.0, 8.0, 16.0]
    named = set(re.findall(r"(?<![a-z_])([a-z_0-9]+)(?=:[ \n])", full))
    fields = {field.alias or name for part in parts() for name, field in part.model_fields.items()}
    left_out = {"psf_um", "section_um", "cut_block_um", "interval_s"}  # named beside those that they stand for
    assert fields - named == left_out
    assert all(f"{name} " in page for name in left_out - {"interval_s"})


def parts():
    """Return every model of the document."""
    kinds = vars(document).values()
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel]
