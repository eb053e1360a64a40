"""The light of each kind of object, its depth, and what a camera makes of it."""
