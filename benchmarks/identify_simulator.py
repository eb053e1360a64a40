"""Simulated laboratories that measure vesicles of known class: another code path than the classifier they test.

It reads the statements of the panel and nothing else of the classifier. A word is a span of intensities here (a
uniform law of the logarithm) and a normal law there; a laboratory has one truth for each marker and class, taken from
one of the statements, or from any word at all where nothing is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
import yaml

SPANS = {
    "strongest": (0.7, 1.0), "strong": (0.4, 1.0), "present": (0.12, 1.0), "weak": (0.06, 0.25), "trace": (0.015, 0.06),
    "absent": (0.002, 0.02),
}  # fmt: skip
TRUST = {"FTE": 1.0, "FT": 1.0, "D": 1.0, "ABS": 0.7, "REV": 0.5, "2ND": 0.5, "C": 0.5, "E": 0.25}
FAINTEST = 0.02  # below this a laboratory writes 0
BAND = 0.0625  # a band that is called there
ANY_DENSITY = {"iodixanol": (1.02, 1.20), "sucrose": (1.03, 1.28)}  # g/ml, where nothing is stated


@dataclass(frozen=True)
class World:
    """How laboratories and vesicles differ; spreads are log2."""

    vesicle: float = 0.6  # of one marker between vesicles of a class
    load: float = 0.7  # of all markers of a vesicle together
    noise: float = 0.5  # of a measurement
    missing: float = 0.2
    cross: float = 0.1  # share of antibodies that see a tenth of another marker
    liar: bool = False  # one marker of each laboratory shows another class's level
    wrong: float = 0.0  # share of statements that do not hold in the cells of a laboratory: any word instead
    weights: tuple[float, ...] | None = None  # of the classes; None for equal ones


class Statements:
    """The panel's statements, read anew from the file."""

    def __init__(self) -> None:
        text = files("migralab.isolation.identity").joinpath("panel.yaml").read_text(encoding="utf-8")
        self.data = yaml.safe_load(text)
        self.classes = list(self.data["classes"])
        self.markers = [
            name for name, own in self.data["markers"].items() if own["kind"] not in ("rna", "stain", "place")
        ]
        self.words = [
            one["level"] for own in self.data["markers"].values() for one in own["statements"] if "level" in one
        ]

    def level(self, rng: np.random.Generator, marker: str, vesicle_class: str, wrong: float = 0.0) -> float:
        """Return what one laboratory finds on average of a marker in a class."""
        own = [
            one for one in self.data["markers"][marker]["statements"]
            if one["class"] == vesicle_class and "level" in one
        ]  # fmt: skip
        if own and not (wrong and rng.random() < wrong):
            trust = np.array([TRUST[one["tag"]] for one in own])
            word = own[rng.choice(len(own), p=trust / trust.sum())]["level"]
        else:
            word = self.words[rng.integers(len(self.words))]
        low, high = np.log(SPANS[word])
        return float(np.exp(rng.uniform(low, high)))

    def size_law(self, rng: np.random.Generator, vesicle_class: str) -> tuple[float, float]:
        """Return mean and sd of ln diameter in one laboratory."""
        own = [one for one in self.data["diameter"] if one["class"] == vesicle_class]
        one = own[rng.integers(len(own))]
        if "range_um" in one:
            low, high = np.log(one["range_um"])
            return (low + high) / 2, (high - low) / 3.29
        spread = np.sqrt(np.log1p((one["sd_um"] / one["mean_um"]) ** 2))
        return np.log(one["mean_um"]) - spread**2 / 2, spread

    def density_law(self, rng: np.random.Generator, vesicle_class: str, medium: str) -> tuple[float, float]:
        """Return lowest and highest density in one laboratory; anything where nothing is stated."""
        own = [
            one["range_g_per_ml"] for one in self.data["density"]
            if one["class"] == vesicle_class and one["medium"] == medium
        ]  # fmt: skip
        return tuple(own[rng.integers(len(own))]) if own else ANY_DENSITY[medium]


def simulate_laboratory(
    seed: int, statements: Statements, world: World, n: int = 60
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table of `n` vesicles as a laboratory would hand it in, and the true class of each."""
    rng = np.random.default_rng(seed)
    classes = statements.classes
    truth = rng.choice(len(classes), n, p=world.weights)
    markers = list(rng.choice(statements.markers, rng.integers(5, 15), replace=False))
    quartet = [name for name in ("CPQ", "NDST1", "EOGT", "PIGK") if name not in markers]
    markers += quartet if rng.random() < 0.6 else []  # most who look for migrasomes stain for them
    levels = np.array([[statements.level(rng, marker, name, world.wrong) for name in classes] for marker in markers])
    if world.liar:
        liar = rng.integers(len(markers))
        levels[liar] = levels[liar][rng.permutation(len(classes))]
    crossed = rng.random(len(markers)) < world.cross
    partner = rng.integers(len(markers), size=len(markers))
    load = rng.normal(0, world.load, n)
    held = levels[:, truth].T * np.exp2(rng.normal(0, world.vesicle, (n, len(markers))) + load[:, None])
    held = np.where(crossed, held + 0.1 * held[:, partner], held)
    seen = held * np.exp2(rng.normal(0, world.noise, held.shape)) + rng.normal(0, 0.005, held.shape)
    seen = np.clip(np.where(seen < FAINTEST, 0.0, seen), 0, 1)
    seen[rng.random(seen.shape) < world.missing] = np.nan
    cell = levels[:, classes.index("cell_body")]
    style = rng.choice(["blot", "blot with cell", "yes or no"], p=[0.35, 0.5, 0.15])
    columns: dict[str, np.ndarray] = {}
    for place, marker in enumerate(markers):
        if style == "blot with cell" and cell[place] > FAINTEST:
            columns[f"{marker}_to_cell"] = seen[:, place] / (cell[place] * np.exp2(rng.normal(0, world.noise)))
        elif style == "yes or no":
            there = np.where(rng.random(n) < 0.02, seen[:, place] <= BAND, seen[:, place] > BAND)
            columns[f"{marker}_present"] = np.where(np.isnan(seen[:, place]), np.nan, there)
        else:
            columns[f"{marker}_intensity"] = seen[:, place]
    laws = np.array([statements.size_law(rng, name) for name in classes])
    medium = str(rng.choice(list(ANY_DENSITY)))
    ranges = np.array([statements.density_law(rng, name, medium) for name in classes])
    if rng.random() < 0.8:
        size = np.exp(rng.normal(laws[truth, 0], laws[truth, 1]) + rng.normal(0, 0.1, n))
        columns["diameter_um"] = np.minimum(size, 100.0)  # a wide law of a little-known class has no upper end
    if rng.random() < 0.3:
        columns[f"density_{medium}_g_per_ml"] = rng.uniform(*ranges[truth].T) + rng.normal(0, 0.005, n)
    table = pd.DataFrame(columns)
    kept = table.notna().any(axis=1).to_numpy()
    return table[kept].reset_index(drop=True), truth[kept]


def simulate_gradient(seed: int, statements: Statements, noise: float = 0.5) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a blot of nine fractions and a lane of the cell, and the amounts (fractions, classes) in them.

    Migrasomes and small EVs band in places of their own; microvesicles and debris are a tenth of them or nothing.
    """
    rng = np.random.default_rng(seed)
    classes = statements.classes
    quartet = ["CPQ", "NDST1", "EOGT", "PIGK"]
    others = [name for name in statements.markers if name not in quartet]
    markers = quartet + list(rng.choice(others, rng.integers(4, 10), replace=False))
    levels = np.array([[statements.level(rng, marker, name) for name in classes] for marker in markers])
    amounts = np.zeros((9, len(classes)))
    fractions = np.arange(9)
    for name, middle in (("migrasome", rng.uniform(2, 4)), ("exosome", rng.uniform(4, 7))):
        amounts[:, classes.index(name)] = np.exp(-0.5 * ((fractions - middle) / rng.uniform(0.6, 1.2)) ** 2)
    for name in ("microvesicle", "cell_body"):
        if rng.random() < 0.5:
            amounts[:, classes.index(name)] = 0.1 * np.exp(-0.5 * ((fractions - rng.uniform(0, 8)) / 1.5) ** 2)
    bands = np.vstack([amounts @ levels.T, levels[:, classes.index("cell_body")]])
    seen = bands * np.exp2(rng.normal(0, noise, bands.shape)) + np.abs(rng.normal(0, 0.003, bands.shape))
    table = pd.DataFrame(seen, columns=markers)
    table.insert(0, "fraction", [*map(str, range(1, 10)), "cell"])
    return table, amounts
