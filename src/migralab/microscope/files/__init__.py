"""Micrographs on disk: OME-TIFF and OME-Zarr, truth tables and label images."""
