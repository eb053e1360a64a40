"""Films drawn by hand: vesicles with known lives on fibres that drift, with misses and false finds. No images."""

from dataclasses import dataclass

import numpy as np

from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Observations as an analyser would give them, and which vesicle each row really is (-1: false)."""

    observations: Observations
    owner: np.ndarray
    birth: np.ndarray
    death: np.ndarray
    place: np.ndarray
    drift: np.ndarray


def draw_film(
    *,
    vesicles=80,
    frames=30,
    interval=5.0,
    missed=0.15,
    false=4,
    life=np.inf,
    born_in_film=0.5,
    noise=0.05,
    drift=0.15,
    jump=0.0,
    side=80.0,
    seed=1,
):
    """Vesicles of one cell on ten straight fibres; `jump` moves every fibre to and fro by itself."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames) * interval
    fibre = np.arange(vesicles) % 10
    along = rng.uniform(0, side, vesicles)
    place = np.stack([along, (fibre + 0.5) * side / 10 + 0.05 * along], axis=1)
    size = rng.lognormal(0.0, 0.3, vesicles)
    inside = rng.uniform(size=vesicles) < born_in_film
    birth = np.where(inside, rng.uniform(0, times[-1], vesicles), -1.0)
    death = birth + (rng.exponential(life, vesicles) if np.isfinite(life) else np.inf)
    shift = np.cumsum(rng.normal(0, drift, (frames, 2)), axis=0)
    shift[0] = 0.0
    rows, owner = [], []
    for number, time in enumerate(times):
        wave = jump * np.sin(0.7 * number + np.arange(10))
        there = (birth <= time) & (time < death) & (rng.uniform(size=vesicles) > missed)
        for n in np.flatnonzero(there):
            x, y = place[n] + shift[number] + [0.0, wave[fibre[n]]] + rng.normal(0, noise, 2)
            d = size[n] * (1 + rng.normal(0, 0.05))
            rows.append((number, time, x, y, d, number * 100_000 + fibre[n], along[n] + 0.3 * number))
            owner.append(n)
        for _ in range(rng.poisson(false)):
            x, y = rng.uniform(0, side, 2)
            rows.append((number, time, x, y, rng.lognormal(0, 0.3), -1, np.nan))
            owner.append(-1)
    order = rng.permutation(len(rows))
    columns = np.array([rows[n] for n in order], float).reshape(-1, 7).T
    names = ("frame", "time_min", "x_um", "y_um", "diameter_um", "fibre_id", "along_um")
    table = dict(zip(names, columns, strict=True))
    table["frame"], table["fibre_id"] = table["frame"].astype(int), table["fibre_id"].astype(int)
    count = len(rows)
    migrasomes = conform(
        "migrasomes",
        table
        | {
            "migrasome_id": np.arange(count),
            "cell_id": np.zeros(count, int),
            "diameter_sd_um": np.full(count, 0.05),
            "attachment": ["shaft"] * count,
            "attached": [True] * count,
        },
    )
    cells = conform(
        "cells",
        {
            "frame": np.arange(frames),
            "time_min": times,
            "cell_id": np.zeros(frames, int),
            "x_um": -40.0 + shift[:, 0],
            "y_um": 40.0 + shift[:, 1],
            "area_um2": np.full(frames, 400.0),
        },
    )
    tables = {name: empty_table(name) for name in TABLES} | {"migrasomes": migrasomes, "cells": cells}
    seen = Observations(tables=tables, origin="image", experiment="drawn", frames_min=tuple(times.tolist()))
    return Truth(
        observations=seen, owner=np.array(owner, int)[order], birth=birth, death=death, place=place, drift=shift
    )
