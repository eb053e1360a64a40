"""Observations made by hand, so that every expected number can be counted on the fingers."""

from __future__ import annotations

from migralab.measure.registry import OBSERVABLES
from migralab.measure.view import View
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES

SETTINGS = {"origin", "experiment", "condition", "field_area_um2", "frames_min"}


def observe(**given) -> Observations:
    """Return observations with the given tables (dictionaries of columns) and settings."""
    settings = {name: given.pop(name) for name in SETTINGS & set(given)}
    tables = {
        name: conform(name, columns) if (columns := given.pop(name, None)) else empty_table(name) for name in TABLES
    }
    assert not given, f"neither table nor setting: {given}"
    return Observations(tables=tables, **{"origin": "simulation", "experiment": "1"} | settings)


def three_cells(**changes) -> Observations:
    """Return three cells with 4, 2 and 0 migrasomes (and one precursor), on 300 um of fibre of which 200 are left."""
    tables = {
        "cells": {
            "frame": [0, 0, 0], "cell_id": [7, 3, 5], "path_um": [60.0, 90.0, 30.0],
            "rear_width_um": [10.0, 12.0, 8.0], "moving": [True, False, False],
            "heading_x": [1.0, 0.0, 1.0], "heading_y": [0.0, 1.0, 0.0],
        },
        "nodes": {
            "node_id": [0, 1, 2, 3, 4, 5], "cell_id": [7, 7, 7, 3, 3, 3],
            "kind": ["tip", "junction", "tip", "tip", "junction", "tip"], "born_min": [-1.0, 0.0, 0.0, 0.0, 0.0, 5.0],
        },
        "fibres": {
            "frame": [0, 0, 0], "cell_id": [7, 7, 3], "length_um": [120.0, 100.0, 80.0],
            "broken": [False, True, False],
        },
        "migrasomes": {
            "frame": [0] * 7, "migrasome_id": list(range(7)), "cell_id": [7, 7, 7, 7, 3, 3, 3],
            "attached": [True, True, False, True, False, True, True],
            "attachment": ["tip", "junction", "junction", "tip", "shaft", "unknown", "tip"],
            "stage": ["stabilised"] * 5 + ["unknown", "precursor"],
            "limiter": ["area", "volume", "area", "area", "shape", "area", "volume"],
            "diameter_um": [0.4, 1.0, 2.2, 0.8, 1.6, 0.6, 0.3],
            "enrichment": [2.0, 4.0, 6.0, 4.0, 4.0, 4.0, 100.0],
            "age_min": [10.0, 50.0, 90.0, 40.0, 120.0, 80.0, 1.0],
            "rear_distance_um": [16.0, 30.0, 110.0, 10.0, 150.0, 60.0, 20.0],
        },
    }  # fmt: skip
    return observe(**(tables | changes))


def look(observations: Observations, name: str, frame: int | None = None, **options):
    """Return the estimate of one observable of the registry."""
    line = OBSERVABLES[name]
    return line.function(View(observations, frame), **{**line.fixed, **options})
