"""Time: drift between frames, objects that persist, how they grow and vanish, recovery after bleaching."""
