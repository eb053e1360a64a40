"""The score against hand-made cases: who is matched with whom, rates with bounds, and fibres."""

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.imaging.score import (
    Counts,
    pair_up,
    pool_fibres,
    rate_images,
    read_truth,
    score_fibres,
    score_migrasomes,
    tolerance_of,
    wilson,
)


def table(*rows, **more):
    frame = pd.DataFrame(rows, columns=["x_um", "y_um", "diameter_um"]).astype(float)
    return frame.assign(**more)


def test_the_most_pairs_win_over_the_nearest_pair():
    # the first found one is nearest to the second true one, but only that one is in reach of the other found one
    found = np.array([[0.25, 0.0], [0.55, 0.0]])
    true = np.array([[0.0, 0.0], [0.3, 0.0]])
    rows, true_rows = pair_up(found, true, np.array([0.3, 0.3]))
    assert dict(zip(rows, true_rows, strict=True)) == {0: 0, 1: 1}


def test_one_is_matched_once_and_nothing_with_nothing():
    rows, _ = pair_up(np.zeros((3, 2)), np.zeros((1, 2)), np.array([0.3]))
    assert len(rows) == 1
    assert len(pair_up(np.empty((0, 2)), np.zeros((2, 2)), np.full(2, 0.3))[0]) == 0


def test_tolerance_is_the_larger_of_a_third_of_a_um_and_the_radius():
    assert tolerance_of([0.4, 0.6, 2.0]).tolist() == [0.3, 0.3, 1.0]
    found, truth = table((0.0, 0.0, 2.0)), {"migrasomes": table((0.0, 0.95, 2.0))}
    assert score_migrasomes(found, truth).counts == Counts(true_positives=1, false_positives=0, false_negatives=0)
    truth = {"migrasomes": table((0.0, 0.35, 0.5))}
    assert score_migrasomes(found, truth).counts == Counts(true_positives=0, false_positives=1, false_negatives=1)


def test_mistakes_are_named_by_what_lies_there():
    truth = {
        "migrasomes": table((0, 0, 1.0)),
        "lookalikes": table((10, 0, 1.0), (20, 0, 0.12), (40, 40, 0.5), kind=["debris", "punctum", "endosome"]),
        "cells": pd.DataFrame({"outline_um": ["30.00,30.00 50.00,30.00 50.00,50.00 30.00,50.00"]}),
        "fibres": pd.DataFrame({"x0_um": [0.0], "y0_um": [60.0], "x1_um": [30.0], "y1_um": [60.0]}),
    }
    places = [(0, 0), (0.4, 0), (10.2, 0), (20.2, 0), (40, 40), (45, 45), (15, 60.3), (80, 80)]
    score = score_migrasomes(table(*[(*place, 1.0) for place in places]), truth)
    assert score.counts.true_positives == 1
    assert score.mistaken == {
        "double": 1, "debris": 1, "punctum": 1, "endosome": 1, "cell": 1, "fibre": 1, "nothing": 1
    }  # fmt: skip


def test_what_is_called_free_is_not_found_and_what_is_unknown_is():
    truth = {"migrasomes": table((0, 0, 1.0), (5, 0, 1.0), attachment=["tip", "shaft"])}
    found = table((0, 0, 1.2), (5, 0, 0.9), attachment=["free", "unknown"], diameter_sd_um=[0.1, 0.05])
    score = score_migrasomes(found, truth)
    assert score.counts == Counts(true_positives=1, false_positives=0, false_negatives=1)
    assert score.called_free == 1
    assert (score.attachment.tolist(), score.found_attachment.tolist()) == (["shaft"], ["unknown"])
    assert (score.diameter.tolist(), score.found_diameter.tolist(), score.found_sd.tolist()) == ([1.0], [0.9], [0.05])
    assert score_migrasomes(found, truth, count_free=True).counts.true_positives == 2


def test_wilson_is_the_textbook_interval():
    # Newcombe 1998, Statistics in Medicine 17, Table I, method 3: 81 of 263 and 0 of 20
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_rates_of_counts_by_hand():
    counts = [Counts(true_positives=8, false_positives=2, false_negatives=1)] * 3
    rates = rate_images(counts)
    assert (rates.precision.value, rates.recall.value) == pytest.approx((0.8, 8 / 9))
    assert rates.f1.value == pytest.approx(16 / 19)
    assert rates.objects == 27
    # images that are all alike say nothing of others; the pooled bounds do
    assert (rates.f1.low, rates.f1.high) == pytest.approx((16 / 19, 16 / 19))
    jaccard = wilson(24, 33)
    assert rates.f1.pooled_low == pytest.approx(2 * jaccard[0] / (1 + jaccard[0]))
    assert rates.f1.pooled_low < rates.f1.value < rates.f1.pooled_high


def test_bootstrap_bounds_hold_the_rate_of_all_images_as_often_as_they_say():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        hits = rng.binomial(34, rng.beta(40, 5, size=15))  # images differ
        rates = rate_images([Counts(true_positives=h, false_positives=0, false_negatives=34 - h) for h in hits])
        held += rates.recall.low <= 40 / 45 <= rates.recall.high
    assert 0.88 < held / 200 < 0.99  # 95 %, a little less with 15 images


def test_no_image_is_refused_and_one_has_pooled_bounds_only():
    with pytest.raises(RequestError, match="no image"):
        rate_images([])
    one = rate_images([Counts(true_positives=5, false_positives=0, false_negatives=0)])
    assert np.isnan(one.f1.low)
    assert 0 < one.f1.pooled_low < one.f1.value == 1.0


FIBRE = {"fibres": pd.DataFrame({"x0_um": [0.0], "y0_um": [10.0], "x1_um": [20.0], "y1_um": [10.0]})}


def line(x0, x1, y):
    return np.array([[x0, y], [x1, y]], float)


def test_half_a_fibre_beside_its_place_is_half_found():
    score = score_fibres([line(0, 10, 10.2)], FIBRE)
    assert score.recall == pytest.approx(0.5, abs=0.02)  # the tolerance reaches a little beyond its end
    assert (score.precision, score.length_ratio) == pytest.approx((1.0, 0.5))


def test_a_trace_too_far_away_is_wrong_and_found_nothing():
    score = score_fibres([line(0, 20, 10.4)], FIBRE)
    assert (score.recall, score.precision, score.length_ratio) == pytest.approx((0.0, 0.0, 1.0))
    nothing = score_fibres([], FIBRE)
    assert (nothing.recall, nothing.precision, nothing.length_ratio) == (0.0, 1.0, 0.0)


def test_fibres_in_bodies_do_not_count_and_those_in_migrasomes_need_not_be_found():
    truth = FIBRE | {
        "cells": pd.DataFrame({"outline_um": [" ".join(f"{x},{y}" for x, y in square(0, 5, 5, 15))]}),
        "migrasomes": table((15.0, 10.0, 2.0)),
    }
    traced = [line(0, 14, 10), line(16, 20, 10)]
    score = score_fibres(traced, truth)
    assert score.true_um == pytest.approx(14.5, abs=0.15)  # 5 um in the body, and its margin
    assert score.found_um == pytest.approx(12.5, abs=0.15)
    assert score.recall == pytest.approx(1.0, abs=0.02)
    both = pool_fibres([score, score])
    assert both.length_ratio == pytest.approx(score.length_ratio)
    assert both.true_um == pytest.approx(2 * score.true_um)


def square(x0, x1, y0, y1):
    side = np.linspace(0, 1, 40)
    edges = [(x0, y0, x1, y0), (x1, y0, x1, y1), (x1, y1, x0, y1), (x0, y1, x0, y0)]
    return [(round(a + s * (c - a), 2), round(b + s * (d - b), 2)) for a, b, c, d in edges for s in side]


def test_truth_is_read_from_beside_the_image(tmp_path):
    rows = table((1, 2, 0.8), (-0.2, 5, 1.0), frame=0, in_field=[True, False])
    rows.to_csv(tmp_path / "a.truth_migrasomes.csv", index=False)
    FIBRE["fibres"].assign(frame=[0]).to_csv(tmp_path / "a.truth_fibres.csv", index=False)
    with pytest.raises(DataError, match=r"a\.truth_cells\.csv"):
        read_truth(tmp_path / "a.ome.tiff")
    pd.DataFrame({"frame": [0], "outline_um": ["0,0 1,0 1,1"]}).to_csv(tmp_path / "a.truth_cells.csv", index=False)
    truth = read_truth(tmp_path / "a.ome.tiff")
    assert truth["migrasomes"]["diameter_um"].tolist() == [0.8]
    assert len(truth["fibres"]) == 1
