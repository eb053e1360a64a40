"""`migralab measure`: micrographs, tracks, whole experiments, and what people counted by hand."""
