"""Numbers of docs/theory/imaging-statistics.md: ``python -m benchmarks.imaging_statistics`` (about a minute)."""

from __future__ import annotations

import numpy as np

from migralab.imaging.experiment.effects import hedges_g, mean_difference
from migralab.imaging.experiment.mixed_model import fit_mixed_model
from migralab.imaging.people.corrections import Window, in_counting_frame, whole_object_weights
from migralab.imaging.people.sections import unfold_profiles

EXPERIMENTS = 2000
FIELD = Window(width=40.0, height=30.0)
GUARD, DENSITY = 6.0, 0.05


def false_positives(rng: np.random.Generator) -> dict[str, float]:
    """Three dishes a condition, 40 vesicles each, ICC 0.26, no difference: how often p < 0.05."""
    replicate = np.repeat(np.arange(6), 40)
    design = np.stack([np.repeat([1.0, 0.0], 3), np.ones(6)], 1)
    hits = {"vesicles as n": 0, "t on dishes": 0, "mixed model": 0}
    for _ in range(EXPERIMENTS):
        values = rng.normal(0, 0.6, 6)[replicate] + rng.normal(0, 1, 240)
        first, second = values[:120], values[120:]
        error = np.sqrt(first.var(ddof=1) / 120 + second.var(ddof=1) / 120)
        hits["vesicles as n"] += abs(first.mean() - second.mean()) > 1.97 * error
        _, low, high = fit_mixed_model(values, replicate, design).contrast(np.array([1.0, 0.0]))
        hits["mixed model"] += not low < 0 < high
        dishes = values.reshape(6, 40).mean(axis=1)
        found = mean_difference(dishes[:3], dishes[3:], paired=False)
        hits["t on dishes"] += not found.low < 0 < found.high
    return {name: float(number) / EXPERIMENTS for name, number in hits.items()}


def edges(rng: np.random.Generator) -> dict[str, float]:
    """Discs of 0.5 to 5 um in a field of 40 x 30 um: density over the true one."""
    frame = FIELD.inner(GUARD)
    total = dict.fromkeys(("counting frame", "weights", "whole only", "all that touch"), 0.0)
    wide, high = FIELD.width + 2 * GUARD, FIELD.height + 2 * GUARD
    for _ in range(EXPERIMENTS):
        n = rng.poisson(DENSITY * wide * high)
        x, y = rng.uniform(0, wide, n) - GUARD, rng.uniform(0, high, n) - GUARD
        d = rng.uniform(0.5, 5.0, n)
        out = np.maximum.reduce([d / 2 - x, d / 2 - y, x + d / 2 - FIELD.width, y + d / 2 - FIELD.height])
        total["counting frame"] += in_counting_frame(x, y, d, frame).sum() / frame.area
        total["weights"] += whole_object_weights(d[out <= 0], FIELD).sum() / FIELD.area
        total["whole only"] += (out <= 0).sum() / FIELD.area
        total["all that touch"] += (out < d).sum() / FIELD.area
    return {name: float(value) / EXPERIMENTS / DENSITY for name, value in total.items()}


def unfolding(rng: np.random.Generator, profiles: int) -> dict[str, float]:
    """Log-normal spheres in a section of 70 nm: mean of the spheres, of their profiles, and coverage."""
    found, raw, covered, true = [], [], 0, 0.6110
    for _ in range(100):
        sizes = np.minimum(0.571 * np.exp(0.37 * rng.standard_normal(profiles * 35)), 2.5)
        beyond = np.maximum(np.abs(rng.uniform(-10, 10, len(sizes))) - 0.035, 0.0)
        seen = beyond < sizes / 2
        cut = 2 * np.sqrt((sizes[seen] / 2) ** 2 - beyond[seen] ** 2)[:profiles]
        spheres = unfold_profiles(cut, section_um=0.07, classes=8, largest_um=2.6)
        found.append(spheres.mean_um)
        raw.append(cut.mean())
        covered += spheres.mean_interval[0] < true < spheres.mean_interval[1]
    return {
        "true": true, "unfolded": float(np.mean(found)), "sd": float(np.std(found)), "profiles": float(np.mean(raw)),
        "covered": covered / 100,
    }  # fmt: skip


def g_coverage(rng: np.random.Generator) -> float:
    """Coverage of the interval of Hedges' g at 3 against 3, true effect 1."""
    pairs = (hedges_g(rng.normal(1, 1, 3), rng.normal(0, 1, 3), paired=False) for _ in range(1000))
    return sum(found.low < 1 < found.high for found in pairs) / 1000


if __name__ == "__main__":
    chance = np.random.default_rng(101)
    print("p < 0.05 without a difference:", false_positives(chance))
    print("density over the true one:", edges(chance))
    for number in (200, 1000):
        print(number, "profiles:", unfolding(chance, number))
    print("coverage of g, 3 against 3:", g_coverage(chance))
