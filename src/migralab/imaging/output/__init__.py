"""What a measurement leaves on disk: tidy tables, the settings, and a picture to check every count by eye."""

from migralab.imaging.output.overlay import draw_overlay
from migralab.imaging.output.write import measure_intensity, write_measurement

__all__ = ["draw_overlay", "measure_intensity", "write_measurement"]
