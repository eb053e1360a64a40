"""One file per verb; `migralab.cli.main` lists them."""
