"""Triangulated membranes: energy with exact derivatives, meshes of tubes and junctions, gauge and smoothing."""
