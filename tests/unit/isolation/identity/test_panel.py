"""The panel that ships, panels that people bring, and what is said of mistakes in them."""

from __future__ import annotations

import pytest

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.isolation.identity.read import read_about, read_panel, shipped_panel

GOOD = """schema: 1
sources:
  me: {title: My blots}
classes:
  migrasome: {name: migrasome, call_on: [CPQ]}
  exosome: {name: exosome, call_on: [CD63]}
markers:
  CPQ:
    name: carboxypeptidase Q
    aliases: [PGCP]
    kind: luminal
    statements:
      - {class: migrasome, level: strong, source: me, where: Fig. 1, tag: FT}
  CD63:
    name: CD63
    kind: transmembrane
    statements:
      - {class: exosome, level: strong, source: me, where: Fig. 1, tag: FT}
"""


def write(tmp_path, text):
    path = tmp_path / "panel.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_panel_has_every_marker_of_the_evidence():
    panel = shipped_panel()
    for name in ("CPQ", "NDST1", "EOGT", "PIGK", "PCCA", "TSPAN4", "ITGA5", "ITGB1", "ALIX", "TSG101", "CD63", "CD9"):
        assert panel.find(name) == name
    for name, key in (
        ("pdcd6ip", "ALIX"), ("calnexin", "CANX"), ("GM130", "GOLGA2"), ("Tim23", "TIMM23"), ("histone H3", "H3"),
        ("Annexin A1", "ANXA1"), ("Sec61a", "SEC61A1"), ("hsa-miR-1303", "miR-1303"), ("tspan-4", "TSPAN4"),
    ):  # fmt: skip
        assert panel.find(name) == key
    assert panel.find("CPS1") is None


def test_shipped_panel_keeps_both_sides_of_each_contradiction():
    for name, sides in (
        ("ALIX", {"weak", "absent"}), ("TSG101", {"weak", "absent"}), ("CD63", {"present", "absent"}),
    ):  # fmt: skip
        said = {one.level for one in shipped_panel().markers[name].statements if one.vesicle_class == "migrasome"}
        assert said == sides


def test_shipped_panel_is_a_panel_that_a_user_could_bring(tmp_path):
    from importlib.resources import files

    text = files("migralab.isolation.identity").joinpath("panel.yaml").read_text(encoding="utf-8")
    assert read_panel(write(tmp_path, text)).document == shipped_panel().document


def test_a_density_names_its_medium(tmp_path):
    line = "density:\n  - {class: exosome, range_g_per_ml: [1.1, 1.2], source: me, where: Fig. 1, tag: FT"
    with pytest.raises(SpecError, match=r"panel.yaml:20 .*medium"):
        read_panel(write(tmp_path, GOOD + line + "}\n"))
    (own,) = read_panel(write(tmp_path, GOOD + line + ", medium: sucrose}\n")).document.density
    assert own.medium == "sucrose"


def test_a_source_can_be_left_out():
    left = shipped_panel().leave_out(["zhao2019"])
    sources = {one.source for own in left.markers.values() for one in own.statements}
    assert "zhao2019" not in sources
    assert "zhu2021" in sources
    assert all(one.source != "zhao2019" for one in (*left.document.diameter, *left.document.density))
    with pytest.raises(UnknownIdError, match="zhao2019"):
        shipped_panel().leave_out(["zhao"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: strong, source: me, where: Fig. 1, tag: FT}\n  CD63",
         "level: stron, source: me, where: x, tag: D}\n  CD63",
         r"panel.yaml:13 .*'stron' is not allowed here; allowed: 'strongest'"),
        ("class: migrasome", "class: migrasom", r"panel.yaml:13 .*no class 'migrasom' .*Did you mean migrasome"),
        ("source: me, where: Fig. 1, tag: FT}\n  CD63", "source: you, where: x, tag: FT}\n  CD63",
         r"panel.yaml:13 .*no source 'you'.*Allowed: me"),
        ("call_on: [CPQ]", "call_on: [CPX]", r"panel.yaml:5 .*no marker 'CPX'.*Did you mean CPQ"),
        ("kind: luminal", "kind: luminal\n    colour: red", r"panel.yaml:12 \(markers.CPQ.colour\): there is no field"),
        ("aliases: [PGCP]", "aliases: [cd63]", r"'CD63' names CD63 and CPQ"),
        ("level: strong, source: me, where: Fig. 1, tag: FT}\n  CD63", "source: me, where: x, tag: FT}\n  CD63",
         r"panel.yaml:13 .*exactly one of level, to_cell and to_fibre"),
        ("tag: FT}\n  CD63", "tag: R}\n  CD63", r"panel.yaml:13 .*recalled statement"),
        ("schema: 1", "schema: 2", r"panel.yaml:1 .*'2' is not allowed here; allowed: 1"),
        ("sources:", "source:", r"there is no field 'source'. Did you mean sources"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_line(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(SpecError, match=said):
        read_panel(write(tmp_path, GOOD.replace(old, new, 1)))


def test_a_good_panel_is_read(tmp_path):
    assert read_panel(write(tmp_path, GOOD)).find("pgcp") == "CPQ"


def test_all_mistakes_come_in_one_message(tmp_path):
    text = GOOD.replace("class: exosome", "class: exosom").replace("call_on: [CPQ]", "call_on: [CPX]")
    with pytest.raises(SpecError) as caught:
        read_panel(write(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_absent_files_and_unknown_facts_are_refused(tmp_path):
    with pytest.raises(RequestError, match="Give a panel of markers in YAML"):
        read_panel(tmp_path / "none.yaml")
    path = tmp_path / "about.yaml"
    path.write_text("schema: 1\nsource_amont: 3e7 cells\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"about.yaml:2 .*Did you mean source_amount"):
        read_about(path)
