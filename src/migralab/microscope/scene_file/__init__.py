"""A specimen, a microscope and a series written by hand in one YAML file; no simulation is needed."""
