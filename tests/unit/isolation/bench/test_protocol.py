"""Protocol files: what is read, and what is refused with file, line, reason and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migralab.core.errors import SpecError, UnknownIdError
from migralab.isolation.bench.library import shipped_ids
from migralab.isolation.bench.mixture import read_mixture
from migralab.isolation.bench.protocol import read_protocol, shipped_protocol
from migralab.isolation.bench.quantity import read_quantity

GOOD = """\
schema: 1
id: mine
steps:
  - name: cells off
    spin: {rotor: a-4-62, force: 1000 g, time: 10 min, temperature: 4 C, volume: 40 ml, keep: supernatant}
  - wash: {rotor: fa-45-24-11, force: "15,000 g", at: r_av, time: 30 min, medium: pbs, volume: 1.5 ml}
  - filter: {pore: 0.45 um, keep: retentate, recovery: 0.8}
  - gradient:
      rotor: mls-50
      force: 150000 g
      time: 4 h
      layers:
        - {medium: iodixanol, concentration: 5 %, volume: 500 ul}
        - {medium: iodixanol, concentration: 19 %, volume: 500 ul, sample: true}
        - {medium: iodixanol, concentration: 30 %, volume: 500 ul}
      fractions: {volume: 300 ul, number: 5}
  - pool: {fractions: [2, 3]}
"""


def read(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return read_protocol(path)


def test_a_file_is_read_in_si_units(tmp_path):
    protocol = read(tmp_path, GOOD)
    spin, wash, gradient = protocol.steps[0].spin, protocol.steps[1].wash, protocol.steps[3].gradient
    assert (spin.force, spin.time, spin.volume) == (1000.0, 600.0, pytest.approx(4e-5))
    assert (wash.force, wash.at) == (15_000.0, "r_av")
    assert protocol.steps[2].filter.pore == pytest.approx(0.45e-6)
    assert [layer.concentration for layer in gradient.layers] == [(5.0, "%"), (19.0, "%"), (30.0, "%")]
    assert gradient.temperature == 4.0


@pytest.mark.parametrize("name", shipped_ids("protocols"))
def test_what_ships_can_be_done_and_names_its_sources(name):
    protocol = shipped_protocol(name)
    assert protocol.source
    assert all(step.source for step in protocol.steps)


WRONG = [
    # what is written instead of what, in which line, what is said
    ("force: 1000 g,", "force: 30000 g,", 5, ["reaches 3,221 g", "not 30,000 g", "mls-50"]),
    ("force: 1000 g,", "speed: 9000 rpm,", 5, ["reaches 3,221 g"]),
    ("force: 1000 g,", "force: 1000,", 5, ["1000 has no unit", "20000 g"]),
    ("force: 1000 g,", "force: 1000 rpm,", 5, ["rpm is no unit of a force"]),
    ("force: 1000 g,", "force: -5 g,", 5, ["must be above 0"]),
    ("force: 1000 g,", "", 5, ["give force", "speed"]),
    ("time: 10 min,", "time: 10,", 5, ["10 has no unit", "30 min"]),
    ("time: 10 min,", "tme: 10 min,", 5, ["no field 'tme'", "time"]),
    ("temperature: 4 C,", "temperature: 90 C,", 5, ["0 to 40 C"]),
    ("volume: 40 ml", "volume: 400 ml", 5, ["400 ml do not go into a tube", "holds 50 ml"]),
    ("rotor: a-4-62", "rotor: a-4-26", 5, ["no rotor 'a-4-26'", "a-4-62"]),
    ("keep: supernatant", "keep: super", 5, ["'super' is not allowed here", "pellet"]),
    ("medium: pbs", "medium: pbss", 6, ["no medium 'pbss'", "pbs"]),
    ("medium: pbs", "medium: sucrose", 6, ["pbs is meant"]),
    ("medium: pbs", "medium: water", 6, ["no medium 'water'", "pbs"]),
    ("pore: 0.45 um", "pore: 0.45", 7, ["0.45 has no unit"]),
    ("recovery: 0.8", "recovery: 1.8", 7, ["less than or equal to 1"]),
    ("rotor: mls-50", "rotor: type-45-ti", 9, ["fixed-angle rotor", "swing-out"]),
    ("concentration: 30 %", "concentration: 3 %", 15, ["layer 3 (3 % iodixanol", "lighter than layer 2 (19 %", "Swap"]),
    ("concentration: 30 %", "concentration: 90 %", 15, ["at most 60 %"]),
    ("concentration: 30 %", "concentration: 1 M", 15, ["give iodixanol in %"]),
    ("{medium: iodixanol, concentration: 30 %", "{medium: sucrose, concentration: 1 M", 12, ["use one of them"]),
    ("{medium: iodixanol, concentration: 30 %", "{medium: iodixano, concentration: 30 %", 15, ["no medium 'iodixano'"]),
    (", sample: true", "", 12, ["mark the one layer", "none has it"]),
    ("5 %, volume: 500 ul", "5 %, volume: 500 ul, sample: true", 12, ["layers 1, 2 have it"]),
    ("30 %, volume: 500 ul", "30 %, volume: 5000 ul", 12, ["6 ml together", "holds 5 ml"]),
    ("volume: 300 ul", "volume: 600 ul", 16, ["5 fractions of 0.6 ml are 3 ml", "holds 1.5 ml"]),
    ("fractions: [2, 3]", "fractions: [2, 9]", 17, ["no fraction 9", "gives 5"]),
    ("  - pool: {fractions: [2, 3]}", "  - name: empty", 17, ["a step is one of", "none"]),
    ("  - pool: {fractions: [2, 3]}", "  - pool: {fractions: [2, 3]}\n  - pool: {fractions: [3]}", 18,
     ["one liquid since step 5", "cannot be taken apart"]),
    ("- filter: {pore: 0.45 um, keep: retentate, recovery: 0.8}", "- resuspend: {medium: pbs, volume: 79 ml}", 12,
     ["79 ml on a layer of 0.5 ml are 158 tubes", "40 runs of Beckman MLS-50 with 4 places", "at most 4 runs"]),
    ("id: mine", "mixture: cultur", 2, ["no mixture 'cultur'", "culture"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "said"), WRONG, ids=[wrong[1] or f"no {wrong[0]}" for wrong in WRONG])
def test_a_file_that_makes_no_sense_is_refused_with_line_and_reason(tmp_path, old, new, line, said):
    assert old in GOOD
    with pytest.raises(SpecError) as error:
        read(tmp_path, GOOD.replace(old, new, 1))
    message = str(error.value)
    assert f"mine.yaml:{line}" in message
    for part in said:
        assert part in message


def test_the_protocol_and_the_mixture_of_the_page_can_be_used(tmp_path):
    page = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "write-a-protocol.md"
    protocol, mixture = re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [step.what for step in read(tmp_path, protocol).steps].count("spin") == 3
    path = tmp_path / "mixture.yaml"
    path.write_text(mixture)
    assert read_mixture(path).kinds["exosome"].number_share.value == 200


def test_all_mistakes_are_named_at_once(tmp_path):
    text = GOOD.replace("1000 g", "30000 g").replace("30 %", "3 %").replace("volume: 40 ml", "volume: 400 ml")
    with pytest.raises(SpecError) as error:
        read(tmp_path, text)
    assert str(error.value).count("mine.yaml:") == 3


def test_a_protocol_that_is_not_known_lists_the_nearest():
    with pytest.raises(UnknownIdError, match="Did you mean filter-045"):
        shipped_protocol("filter-45")
    with pytest.raises(UnknownIdError, match="retractosome"):
        shipped_protocol("retractosomes")


@pytest.mark.parametrize(("text", "value"), [("20,000 g", 20_000.0), ("1,234,567 g", 1_234_567.0), ("300 g", 300.0)])
def test_thousands_may_have_a_comma(text, value):
    assert read_quantity(text, "force") == (value, "g")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("0,8 um", "length", "the decimal sign is a point"),
        (10, "force", "A comma ends a value"),
        ("10", "force", "no unit"),
    ],
)
def test_other_commas_are_refused(text, kind, said):
    with pytest.raises(ValueError, match=said):
        read_quantity(text, kind)
