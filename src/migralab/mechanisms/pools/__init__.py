"""Compartments beside the dish: what flows out of the tissue, and what becomes of it there."""
