"""What an experiment is: frozen, checked, every value with unit and source."""
