"""Pages and figures of the bench."""
