"""Membrane mechanics on float arrays: tubes, axisymmetric shapes, their flow, and surfaces of triangles."""
