"""Figures of a report: one file per figure, each returning a `Figure` with its caption in plain words."""
