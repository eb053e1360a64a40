"""Score what was found in an image against its truth: detection, size, place and fibres."""

from migralab.imaging.score.fibres import FibreScore, pool_fibres, score_fibres
from migralab.imaging.score.matching import Counts, VesicleScore, pair_up, score_migrasomes, tolerance_of
from migralab.imaging.score.rates import Rate, Rates, rate_images, wilson
from migralab.imaging.score.sizes import Ball, Camera, SizeErrors, bound_errors, size_errors
from migralab.imaging.score.truth import read_truth

__all__ = [
    "Ball",
    "Camera",
    "Counts",
    "FibreScore",
    "Rate",
    "Rates",
    "SizeErrors",
    "VesicleScore",
    "bound_errors",
    "pair_up",
    "pool_fibres",
    "rate_images",
    "read_truth",
    "score_fibres",
    "score_migrasomes",
    "size_errors",
    "tolerance_of",
    "wilson",
]
