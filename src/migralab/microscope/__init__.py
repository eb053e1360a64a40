"""A virtual fluorescence microscope: a simulated dish becomes a micrograph, with the truth beside it."""
