"""Units that a model declares: how they are spelled, and whether they agree."""
