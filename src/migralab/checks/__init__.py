"""Claims against readouts: a verdict that can fail, and says by how much."""
