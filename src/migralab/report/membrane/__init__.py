"""Figures and words of membranes: one shape, a diagram of kinds, a course in time, a junction."""
