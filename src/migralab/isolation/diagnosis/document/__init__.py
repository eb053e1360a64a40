"""The file of a study: what may stand in it, and how it is read."""
