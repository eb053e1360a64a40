"""Experiment to model, model to run, run to observations; and many dishes at once."""
