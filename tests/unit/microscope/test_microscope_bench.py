"""Bench specimens hold what evidence/imaging.md section 3 says, at its signal to noise, and do not overlap."""

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.microscope.bench import (
    FIBRE_SNR,
    LEVELS,
    PEAK_SNR,
    bench_image,
    bench_microscope,
    bench_scene,
    measure_snr,
)
from migralab.microscope.bench.room import contains


@pytest.fixture(scope="module")
def truth():
    return bench_scene(3)[1]


@pytest.mark.parametrize(("level", "peak", "fibre"), list(zip(LEVELS, PEAK_SNR, FIBRE_SNR, strict=True)))
def test_signal_to_noise_is_that_of_the_evidence(level, peak, fibre):
    found = measure_snr(level)
    assert found[0] == pytest.approx(peak, rel=0.02)
    assert found[1] == pytest.approx(fibre, abs=0.1)  # published to one decimal
    assert found[1] == pytest.approx(fibre, rel=0.05)


def test_a_full_field_holds_what_the_evidence_counts(truth):
    assert len(truth["migrasomes"]) == 34
    assert truth["migrasomes"]["attachment"].value_counts().to_dict() == {"tip": 15, "shaft": 13, "junction": 6}
    assert truth["lookalikes"]["kind"].value_counts().to_dict() == {
        "debris": 25, "punctum": 24, "fibre_punctum": 12, "endosome": 50
    }  # fmt: skip
    assert truth["fibres"]["length_um"].sum() == pytest.approx(480, abs=3)
    assert len(truth["cells"]) == 2
    assert (truth["fibres"]["radius_um"] == 0.035).all()


def test_diameters_and_densities_are_drawn_as_stated():
    tables = [bench_scene(seed)[1]["migrasomes"] for seed in (1, 2, 4, 5)]
    diameter = np.concatenate([table["diameter_um"] for table in tables])
    density = np.concatenate([table["density"] for table in tables])
    # 136 of each: the median of a log-normal of spread 0.45 (0.3) is known to 1.25 * 0.45 / sqrt(136) = 5 % (3 %)
    assert np.median(diameter) == pytest.approx(1.0, rel=0.15)
    assert np.median(density) == pytest.approx(1.5, rel=0.1)
    assert 0.4 <= diameter.min() < 0.6
    assert 2.0 < diameter.max() <= 3.0


def test_round_objects_keep_apart_and_look_alikes_keep_off_fibres(truth):
    known, others = truth["migrasomes"], truth["lookalikes"]
    others = others[others["kind"] != "endosome"]
    place = np.concatenate([known[["x_um", "y_um"]], others[["x_um", "y_um"]]])
    radius = np.concatenate([known["diameter_um"], others["diameter_um"]]) / 2
    gap = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) - radius[:, None] - radius[None]
    assert gap[~np.eye(len(gap), dtype=bool)].min() > 0.25
    starts = truth["fibres"][["x0_um", "y0_um"]].to_numpy()
    kind = others["kind"].to_numpy()
    off = np.array([np.hypot(*(starts - at).T).min() for at in others[["x_um", "y_um"]].to_numpy()])
    assert (off[np.isin(kind, ["debris", "punctum"])] > 1.2).all()
    assert (off[kind == "fibre_punctum"] < 0.5).all()
    for at, where in zip(known[["x_um", "y_um"]].to_numpy(), known["attachment"], strict=True):
        ends = truth["fibres"][["x1_um", "y1_um"]].to_numpy()
        assert np.hypot(*(ends - at).T).min() < 0.5, where


def test_nothing_lies_in_a_cell_but_its_endosomes(truth):
    kinds = truth["lookalikes"]["kind"]
    free = truth["lookalikes"][kinds != "endosome"][["x_um", "y_um"]].to_numpy()
    inner = truth["lookalikes"][kinds == "endosome"][["x_um", "y_um"]].to_numpy()
    inside = np.zeros(len(inner), bool)
    for text in truth["cells"]["outline_um"]:
        outline = np.array([pair.split(",") for pair in text.split()], float)
        assert not contains(outline, free).any()
        assert not contains(outline, truth["migrasomes"][["x_um", "y_um"]].to_numpy()).any()
        inside |= contains(outline, inner)
    assert inside.all()


def test_the_seed_fixes_everything_and_the_level_only_the_light():
    one, again, other = bench_image(7, 15.0, 256), bench_image(7, 15.0, 256), bench_image(8, 15.0, 256)
    assert np.array_equal(one.pixels, again.pixels)
    assert not np.array_equal(one.pixels, other.pixels)
    dim = bench_image(7, 1.5, 256)
    assert dim.truth["migrasomes"].equals(one.truth["migrasomes"])
    background = one.microscope.background
    assert np.allclose((one.expected - background) / 10, dim.expected - background, rtol=1e-9, atol=1e-9)


def test_frames_of_a_series_differ_in_noise_only():
    series = bench_image(7, 3.0, 256, frames=40)
    assert series.pixels.shape == (40, 1, 256, 256)
    optics = series.microscope
    electrons = (series.pixels[:, 0].astype(float) - optics.offset) / optics.gain
    assert electrons.mean() == pytest.approx(series.expected.mean(), rel=2e-3)
    # Poisson, read noise and rounding to grey levels
    variance = series.expected.mean() + optics.read_noise**2 + 1 / 12 / optics.gain**2
    assert electrons.var(axis=0, ddof=1).mean() == pytest.approx(variance, rel=1e-2)


def test_smaller_fields_hold_as_much_per_area():
    small = bench_scene(5, 512)[1]
    assert len(small["migrasomes"]) == round(34 / 4)
    assert small["fibres"]["length_um"].sum() == pytest.approx(120, abs=4)
    assert len(small["cells"]) == 1


@pytest.mark.parametrize("ask", [(1, 128, 1), (1, 512, 0)])
def test_impossible_images_are_refused(ask):
    with pytest.raises(RequestError, match="at least 256 pixels and 1 frame"):
        bench_scene(*ask)


def test_no_light_is_refused():
    with pytest.raises(RequestError, match="not greater than 0"):
        bench_microscope(0.0)
