"""Measure a micrograph and open what was found in napari: ``python examples/open_in_napari.py field1.tif``.

napari is not installed with migralab: ``pip install "napari[all]"``.
"""

import sys
from pathlib import Path

import migralab
from migralab.imaging.exchange import find_outlines, napari_layers


def find_layers(path: Path, pixel_size: float | None = None) -> list:
    """Return image, cells, fibres, migrasomes and tracks as layer data tuples."""
    seen, micrograph, settings = migralab.measure_image(path, pixel_size=pixel_size)
    return napari_layers(seen, micrograph, outlines=find_outlines(seen, micrograph, settings))


def main(path: Path, pixel_size: float | None = None) -> None:
    import napari

    viewer = napari.Viewer(title=path.name)
    for data, keywords, kind in find_layers(path, pixel_size):
        viewer.add_layer(napari.layers.Layer.create(data, keywords, kind))
    viewer.scale_bar.visible = True
    viewer.scale_bar.unit = "um"
    napari.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else None)
