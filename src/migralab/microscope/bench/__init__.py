"""Test specimens with known truth: migrasomes on fibres among debris, puncta and endosomes, at five noise levels."""

from migralab.microscope.bench.images import (
    FIBRE_SNR,
    LEVELS,
    PEAK_SNR,
    BenchImage,
    bench_image,
    bench_microscope,
    bench_scene,
    measure_snr,
)

__all__ = [
    "FIBRE_SNR",
    "LEVELS",
    "PEAK_SNR",
    "BenchImage",
    "bench_image",
    "bench_microscope",
    "bench_scene",
    "measure_snr",
]
