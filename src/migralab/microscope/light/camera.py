"""What a camera makes of light: photon noise, read noise, grey levels and their upper end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import stream_key
from migralab.microscope.presets import Microscope

Floats = NDArray[np.float64]


def expose(light: Floats, optics: Microscope, generator: np.random.Generator) -> NDArray[Any]:
    """Return grey levels: Poisson photons, Gaussian read noise, gain, offset, and a scale of 8 or 16 bits.

    Parameters
    ----------
    light
        Mean photons per pixel, any shape.
    optics
        The microscope: read noise, gain, offset and bits.
    generator
        Source of the noise.

    Returns
    -------
    ndarray
        uint8 or uint16; what is too bright stands at the upper end.
    """
    electrons = generator.poisson(light) + optics.read_noise * generator.standard_normal(light.shape)
    levels = np.rint(optics.offset + optics.gain * electrons)
    return np.clip(levels, 0, optics.top).astype(np.uint8 if optics.bits == 8 else np.uint16)


def generator_for(key: int, name: str) -> np.random.Generator:
    """Return the generator of one purpose: the same key and name give the same draws."""
    stream = stream_key(f"microscope/{name}")
    return np.random.Generator(np.random.Philox(key=np.array([key % 2**64, stream], dtype=np.uint64)))
