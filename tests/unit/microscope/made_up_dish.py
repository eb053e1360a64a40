"""A made-up dish: a migrating cell, a fan of fibres that merge, vesicles, and a broken stretch."""

from __future__ import annotations

import itertools

import numpy as np

from migralab.results.observations import Observations, conform, empty_table

NOW = 300.0


def fan(*, fibres=8, seed=3, trail=34.0, broken_beyond=24.0, step=0.8, centre=(55.0, 30.0)):
    """Return observations of one cell at its right end of a trail, at one frame (300 min).

    Fibres run from left to right, converge on the rear, and merge where they meet. The stretch further than
    `broken_beyond` um from the rear has broken for two of three fibres. Speed 0.2 um/min along x.
    """
    draw = np.random.default_rng(seed)
    count = int(trail / step)
    rear = np.array([centre[0] - 18.0, centre[1]])
    x = rear[0] - trail + step * np.arange(count)
    bend = 6.0 * np.sin(np.linspace(0.0, 1.6, count)) - 6.0 * np.sin(1.6)
    lane = np.linspace(-6.5, 6.5, fibres)
    start = draw.integers(0, count // 2, fibres)
    start[0] = 0
    node, parent, rows = 0, {}, []
    last = [-1] * fibres
    heading_to = list(range(fibres))
    wander = np.zeros(fibres)
    for k in range(count):
        for f in range(fibres):
            if heading_to[f] != f or k < start[f]:
                continue
            wander[f] = 0.9 * wander[f] + draw.normal(0, 0.05)
            lane[f] += wander[f] - 0.012 * lane[f] * step
            rows.append([node, f, k, x[k], rear[1] + bend[k] + lane[f], last[f] < 0])
            if last[f] >= 0:
                parent[last[f]] = node
            last[f], node = node, node + 1
        live = [f for f in range(fibres) if heading_to[f] == f and k >= start[f]]
        live.sort(key=lambda f: lane[f])
        for a, b in itertools.pairwise(live):
            if lane[b] - lane[a] < 0.45 and heading_to[a] == a:  # they meet: a's next node is b's
                heading_to[a] = b
                parent[last[a]] = last[b]
    nodes = np.array([row[:2] for row in rows])
    place = np.array([row[3:5] for row in rows], float)
    mother = np.array([parent.get(int(i), -1) for i in nodes[:, 0]])
    inflow = np.bincount(mother[mother >= 0], minlength=len(rows))
    kind = np.where([row[5] for row in rows], "tip", np.where(inflow > 1, "junction", "shaft"))
    behind = rear[0] - place[:, 0]
    breaks = np.where((behind > broken_beyond) & (nodes[:, 1] % 3 != 0), NOW - 60.0, np.inf)
    tables = {
        "cells": conform(
            "cells",
            {
                "frame": [0], "time_min": [NOW], "cell_id": [7], "x_um": [centre[0]], "y_um": [centre[1]],
                "heading_x": [1.0], "heading_y": [0.0], "rear_x_um": [rear[0]], "rear_y_um": [rear[1]],
                "rear_width_um": [11.0], "moving": [True], "path_um": [trail], "area_um2": [640.0],
            },
        ),
        "nodes": conform(
            "nodes",
            {
                "node_id": nodes[:, 0], "cell_id": np.full(len(nodes), 7), "parent_id": mother,
                "x_um": place[:, 0], "y_um": place[:, 1], "kind": kind, "born_min": NOW - behind / 0.2,
                "path_um": trail - behind, "breaks_min": breaks, "detached_min": breaks,
            },
        ),
        "migrasomes": _migrasomes(draw, place, kind, breaks),
        "retractosomes": _dots(draw, place, breaks, mother),
        "fibres": empty_table("fibres"),
        "lives": empty_table("lives"),
    }  # fmt: skip
    return Observations(tables=tables, origin="simulation", experiment="1", frames_min=(NOW,))


def _migrasomes(draw, place, kind, breaks):
    where = np.flatnonzero((kind == "tip") | ((kind == "junction") & (draw.random(len(kind)) < 0.8)))
    diameter = np.clip(draw.lognormal(np.log(0.95), 0.35, len(where)), 0.45, 2.0)
    return conform(
        "migrasomes",
        {
            "frame": np.zeros(len(where), int), "time_min": np.full(len(where), NOW),
            "migrasome_id": np.arange(len(where)) + 100, "cell_id": np.full(len(where), 7), "node_id": where,
            "x_um": place[where, 0], "y_um": place[where, 1], "diameter_um": diameter,
            "diameter_sd_um": np.zeros(len(where)), "attachment": kind[where],
            "attached": ~np.isfinite(breaks[where]), "stage": np.full(len(where), "stabilised"),
            "enrichment": np.clip(draw.lognormal(np.log(4.0), 0.5, len(where)), 1.0, 40.0),
        },
    )  # fmt: skip


def _dots(draw, place, breaks, mother):
    gone = np.flatnonzero(np.isfinite(breaks) & (mother >= 0))
    share = draw.random(len(gone))[:, None]
    spot = place[gone] * share + place[mother[gone]] * (1 - share) + draw.normal(0, 0.12, (len(gone), 2))
    return conform(
        "retractosomes",
        {
            "cell_id": np.full(len(gone), 7), "node_id": gone, "x_um": spot[:, 0], "y_um": spot[:, 1],
            "diameter_um": draw.uniform(0.08, 0.3, len(gone)), "born_min": breaks[gone],
        },
    )  # fmt: skip
