"""Exchange with Fiji, TrackMate and napari, and corrections that people made there by hand."""

from migralab.imaging.exchange.correction.apply import Corrected, apply_edits
from migralab.imaging.exchange.difference import Difference, edits_from_rois, edits_from_trackmate
from migralab.imaging.exchange.drift import shift_frames
from migralab.imaging.exchange.edits import Edit, read_edits, write_edits
from migralab.imaging.exchange.imagej import Shape, read_rois, write_rois
from migralab.imaging.exchange.napari import napari_layers
from migralab.imaging.exchange.outlines import Outlines, find_outlines
from migralab.imaging.exchange.tidy import read_tables, write_tables
from migralab.imaging.exchange.trackmate import read_trackmate, write_trackmate
from migralab.imaging.exchange.trackmate_csv import read_trackmate_csv, write_trackmate_csv

__all__ = [
    "Corrected",
    "Difference",
    "Edit",
    "Outlines",
    "Shape",
    "apply_edits",
    "edits_from_rois",
    "edits_from_trackmate",
    "find_outlines",
    "napari_layers",
    "read_edits",
    "read_rois",
    "read_tables",
    "read_trackmate",
    "read_trackmate_csv",
    "shift_frames",
    "write_edits",
    "write_rois",
    "write_tables",
    "write_trackmate",
    "write_trackmate_csv",
]
