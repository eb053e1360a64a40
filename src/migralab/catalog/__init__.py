"""Published systems as data: one YAML file each, and the bibliography."""
