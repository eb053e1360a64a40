"""What the page's script decodes is where things were, when they were laid and when they broke."""

import json

import numpy as np

from migralab.report.content import rank_cells
from migralab.report.replay import NEVER, pack_replay, unpack


def places(content, x, y):
    step = content["side"] / 65535
    return np.column_stack([content["x0"] + unpack(content[x]) * step, content["y0"] + unpack(content[y]) * step])


def test_nodes_decode_to_their_places_and_times(seen):
    content = pack_replay(seen, None).content
    nodes = seen["nodes"].sort_values("born_min", kind="stable")
    # half a step of quantisation: a 65535th of the side
    tolerance = 0.5001 * content["side"] / 65535
    assert content["side"] / 65535 < 0.02
    np.testing.assert_allclose(places(content, "nx", "ny"), nodes[["x_um", "y_um"]], atol=tolerance)
    born = unpack(content["nb"]) * content["end"] / 65534
    np.testing.assert_allclose(born, nodes["born_min"], atol=0.5001 * content["end"] / 65534)
    assert (np.diff(unpack(content["nb"]).astype(int)) >= 0).all()


def test_breaks_decode_and_what_never_breaks_says_so(seen):
    content = pack_replay(seen, None).content
    breaks = seen["nodes"].sort_values("born_min", kind="stable")["breaks_min"].to_numpy()
    packed = unpack(content["nd"])
    over = breaks <= content["end"]
    assert over.any()
    assert (packed[~over] == NEVER).all()
    decoded = packed[over] * content["end"] / 65534
    np.testing.assert_allclose(decoded, breaks[over], atol=0.5001 * content["end"] / 65534)


def test_every_node_points_to_its_parent(seen):
    content = pack_replay(seen, None).content
    nodes = seen["nodes"].sort_values("born_min", kind="stable").reset_index(drop=True)
    ids, parents = nodes["node_id"].to_numpy(), nodes["parent_id"].to_numpy()
    packed = unpack(content["np"], "<i4")
    has = packed >= 0
    assert has.any()
    np.testing.assert_array_equal(ids[packed[has]], parents[has])
    assert not np.isin(parents[~has], ids).any()


def test_vesicles_decode_frame_by_frame(seen):
    content = pack_replay(seen, None).content
    rows = seen["migrasomes"].sort_values(["migrasome_id", "frame"])
    np.testing.assert_array_equal(unpack(content["vf"]), rows["frame"])
    np.testing.assert_allclose(unpack(content["vd"]) * 0.001, rows["diameter_um"], atol=0.00051)
    np.testing.assert_array_equal((unpack(content["va"]) & 1).astype(bool), rows["attached"])
    number = unpack(content["vn"], "<u4")
    assert len(np.unique(number)) == rows["migrasome_id"].nunique()


def test_cells_decode_cell_by_cell(seen):
    content = pack_replay(seen, None).content
    cells = seen["cells"].sort_values(["cell_id", "frame"])
    assert content["cells"] == cells["cell_id"].nunique()
    tolerance = 0.5001 * content["side"] / 65535
    np.testing.assert_allclose(places(content, "cx", "cy"), cells[["x_um", "y_um"]], atol=tolerance)
    np.testing.assert_allclose(places(content, "crx", "cry"), cells[["rear_x_um", "rear_y_um"]], atol=tolerance)


def test_too_large_a_dish_keeps_the_cells_nearest_the_one_shown(seen):
    top = rank_cells(seen)[0]
    whole = pack_replay(seen, top)
    size = sum(len(v) for v in whole.content.values() if isinstance(v, str))
    part = pack_replay(seen, top, most_bytes=size // 3)
    assert 1 <= part.cells < part.cells_in_dish == 25
    assert part.content["part"]
    assert sum(len(v) for v in part.content.values() if isinstance(v, str)) <= size // 3
    own = seen["nodes"][seen["nodes"]["cell_id"] == top.cell_id][["x_um", "y_um"]].to_numpy()
    kept = places(part.content, "nx", "ny")
    assert all(np.hypot(*(kept - place).T).min() < 0.03 for place in own[:20])


def test_content_is_strict_json(seen):
    json.dumps(pack_replay(seen, None).content, allow_nan=False)


def test_close_up_holds_the_migrasomes_of_its_cell(seen):
    top = rank_cells(seen)[0]
    content = pack_replay(seen, top).content
    x, y, width = content["view"]
    own = seen.at("migrasomes")
    own = own[own["cell_id"] == top.cell_id][["x_um", "y_um"]].to_numpy() - [content["x0"], content["y0"]]
    assert len(own)
    assert ((own > [x, y]) & (own < [x + width, y + width * content["aspect"]])).all()
