"""The experiment behind the images: conditions and replicates, statistics over replicates, controls."""
