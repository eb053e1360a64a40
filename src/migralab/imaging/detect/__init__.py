"""Cells, fibres and migrasomes of one frame: what is where, in pixels."""
