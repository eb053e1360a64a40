"""What all figures share: colours that colour-blind readers tell apart, text sizes, and how a plot becomes bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from migralab.measure import Readout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: distinct for all common kinds of colour vision
SIMULATED, PUBLISHED, EXCLUDED = "#0072B2", "#D55E00", "#7A7A7A"
SECOND, THIRD, FOURTH = "#009E73", "#E69F00", "#CC79A7"
INK, FAINT = "#1F2933", "#9AA5B1"
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9.5, "axes.titlesize": 10, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 9.5, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    "legend.frameon": False, "legend.fontsize": 8.5, "svg.fonttype": "path", "svg.hashsalt": "migralab",
    "lines.linewidth": 1.8, "figure.dpi": 100, "savefig.facecolor": "white",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture that stands in the page itself.

    Parameters
    ----------
    data, mime
        The file and its type.
    alt
        What it shows, for those who cannot see it.
    caption
        In plain words, with n and what the intervals are.
    title
        Heading above it; may be empty.
    """

    data: bytes
    mime: str
    alt: str
    caption: str = ""
    title: str = ""

    @property
    def uri(self) -> str:
        """The picture as the value of ``src``."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


@contextmanager
def canvas(width: float, height: float, **grid: Any) -> Iterator[tuple[Any, Any]]:  # matplotlib's own
    """Give a matplotlib figure and its axes, in inches, in the house style; no window system is touched."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Plot

    with mpl.rc_context(cast("Any", _STYLE)):
        plot = Plot(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(plot)
        yield plot, plot.subplots(**grid)


def to_svg(plot: Any) -> bytes:  # a matplotlib figure
    """Return a plot as SVG; the same plot gives the same bytes."""
    buffer = io.BytesIO()
    plot.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def to_png(pixels: NDArray[np.uint8], colours: int = 0) -> bytes:
    """Return pixels as PNG, with a palette of `colours` where given (smaller by a factor of three)."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if colours:
        image = image.quantize(colours)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def plot_to_png(plot: Any, dpi: int = 160, colours: int = 0) -> bytes:  # a matplotlib figure
    """Return a plot as PNG, for what holds too many lines for SVG."""
    plot.set_dpi(dpi)
    plot.canvas.draw()
    return to_png(np.ascontiguousarray(np.asarray(plot.canvas.buffer_rgba())[..., :3]), colours)


def draw_interval(axes: Axes, x: float, readout: Readout, **style: Any) -> None:  # as matplotlib takes it
    """Draw a readout as a point with its interval."""
    low, high = readout.low, readout.high
    reach = [[readout.value - low], [high - readout.value]] if np.isfinite(low) and np.isfinite(high) else None
    drawn: dict[str, Any] = {"fmt": "o", "capsize": 3, "ms": 6} | style
    axes.errorbar([x], [readout.value], yerr=reach, **drawn)
