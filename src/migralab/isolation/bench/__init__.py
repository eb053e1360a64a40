"""Virtual isolation: a population of vesicles, a protocol file, and what is in every fraction afterwards."""
