"""``python -m migralab``."""

from migralab.cli.main import run

run()
