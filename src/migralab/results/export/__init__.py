"""Runs and fields in the formats of other programs: VTK, Simularium, OME-Zarr, Zarr."""
