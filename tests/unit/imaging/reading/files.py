"""Small image files of every kind, whose pixels say where they belong."""

import numpy as np
import tifffile
import zarr


def numbered(frames=3, channels=2, depth=1, side=(20, 24), dtype="u2"):
    """Return (t, c, z, y, x) with 1000 t + 100 c + 10 z in the mean, and a pattern so that no plane is flat."""
    t, c, z = np.meshgrid(np.arange(frames), np.arange(channels), np.arange(depth), indexing="ij")
    level = 1000 * t + 100 * c + 10 * z
    pattern = np.add.outer(np.arange(side[0]), np.arange(side[1])) % 7
    return (level[..., None, None] + pattern).astype(dtype)


def plane_of(frame, channel, z=0, side=(20, 24)):
    return (1000 * frame + 100 * channel + 10 * z + np.add.outer(np.arange(side[0]), np.arange(side[1])) % 7).astype(
        "f4"
    )


def write_zarr(path, data, *, version, scale, names=(), units=None, extra=None):
    """Write an OME-Zarr image of axes tczyx by hand, as the specification says."""
    units = units or {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}
    kinds = {"t": "time", "c": "channel"}
    axes = [{"name": a, "type": kinds.get(a, "space"), **({"unit": units[a]} if a in units else {})} for a in "tczyx"]
    multiscale = {
        "axes": axes,
        "datasets": [
            {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]},
            {
                "path": "1",
                "coordinateTransformations": [{"type": "scale", "scale": [*scale[:3], *(2 * s for s in scale[3:])]}],
            },
        ],
        **(extra or {}),
    }
    omero = {"channels": [{"label": n} for n in names]}
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    if version == "0.4":
        group.attrs.update({"multiscales": [{"version": "0.4", **multiscale}], "omero": omero})
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [multiscale], "omero": omero}
    for name, level in (("0", data), ("1", data[..., ::2, ::2])):
        group.create_array(name, data=level, chunks=(1, 1, 1, *level.shape[3:]))
    return path


def write_rgb(path, picture):
    tifffile.imwrite(path, picture, photometric="rgb")
