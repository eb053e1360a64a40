"""Concentrations on a grid: walls, transforms, exponential and implicit integrators, point sources and sinks."""
