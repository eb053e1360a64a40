"""Rules: sentences that read, sentences that do not, and rules files of PhysiCell."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from migralab.core.errors import RequestError, SpecError
from migralab.spec.parameter import Source
from migralab.spec.rules.physicell import name_here, read_physicell_rules, write_physicell_rules
from migralab.spec.rules.rule import Rule
from migralab.spec.rules.sentence import EXAMPLE, Sentence, SentenceError, read_sentence

SOURCE = {"key": "migralab", "locator": "a test", "tag": "E"}

PHYSICELL = """\
// cells of our own sample, all of whose lines mean the same here
T cell,contact with tumor cell,decreases,migration speed,0.01,0.5,10,0
T cell,IL-2,increases,cycle entry,0.0007,1.5,4,0

T cell,IL-2,decreases,apoptosis,0,2,3,0
M0 macrophage,contact with live cells,increases,transform to M1 macrophage,0.05,3,4,0
M0 macrophage,IL-2,increases,migration persistence time,20,1e1,2,0
M0 macrophage,IL-2 gradient,decreases,migration persistence time,5,0.2,2,0
"""


def test_the_example_is_read():
    assert read_sentence(EXAMPLE) == Sentence(
        signal="contact with migrasome", behaviour="migration speed", raises=True, base=0.5, value=0.8, unit="um/min",
        fold=False, half_max=2.0, half_max_unit="", hill=4.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("cue concentration lowers death to 0 1/h, half-max 3.4 nM, Hill 1",
         Sentence(signal="cue concentration", behaviour="death", raises=False, base=None, value=0.0, unit="1/h",
                  fold=False, half_max=3.4, half_max_unit="nM", hill=1.0)),
        ("contact with cell increases fusion to osteoclast from 0 to 0.1 1/h, half-max 1, Hill 2",
         Sentence(signal="contact with cell", behaviour="fusion to osteoclast", raises=True, base=0.0, value=0.1,
                  unit="1/h", fold=False, half_max=1.0, half_max_unit="", hill=2.0)),
        ("x Raises y 1.6-fold, with half-max of 2 and Hill power 4.",
         Sentence(signal="x", behaviour="y", raises=True, base=None, value=1.6, unit="", fold=True, half_max=2.0,
                  half_max_unit="", hill=4.0)),
        ("x  decreases  y from 1 1/min to 30 1/h, half-max 2 nM and Hill 4",
         Sentence(signal="x", behaviour="y", raises=False, base=60.0, value=30.0, unit="1/h", fold=False, half_max=2.0,
                  half_max_unit="nM", hill=4.0)),
        ("x raises y from 1 to 2 µm/min, half-max 1e-3 molecules/um², Hill .5",
         Sentence(signal="x", behaviour="y", raises=True, base=1.0, value=2.0, unit="um/min", fold=False,
                  half_max=1e-3, half_max_unit="molecules/um^2", hill=0.5)),
    ],
)  # fmt: skip
def test_the_grammar(text, read):
    assert read_sentence(text) == read


def test_a_level_sets_a_behaviour_without_numbers():
    found = read_sentence("TSPAN4 level  sets tetraspanin level.")
    assert (found.signal, found.behaviour, found.sets) == ("TSPAN4 level", "tetraspanin level", True)
    assert str(found) == "TSPAN4 level sets tetraspanin level"
    assert read_sentence(str(found)) == found
    with pytest.raises(SentenceError, match="left over"):
        read_sentence("TSPAN4 level sets tetraspanin level to 2, half-max 1, Hill 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contact boosts speed", "at 'contact boosts speed' no verb was found"),
        (" raises speed to 1, half-max 1, Hill 1", "no signal"),
        ("x raises to 1 um/min, half-max 1, Hill 1", "no behaviour"),
        ("x raises speed", "after 'x raises speed' 'to <number> <unit>' or '<number>-fold' was expected"),
        ("x raises speed, half-max 1, Hill 1", "at ', half-max 1, Hill 1' 'to <number> <unit>'"),
        ("x raises speed to fast, half-max 1, Hill 1", "at ', half-max 1, Hill 1'"),
        ("x raises speed from 1 um/min, half-max 1, Hill 1", "at ', half-max 1, Hill 1' 'to"),
        ("x raises speed from slow to 1 um/min, half-max 1, Hill 1", "at 'slow to 1 um/min"),
        ("x raises speed to 1 um/min", "', half-max <number>' was expected"),
        ("x raises speed to 1 um/min, half-max two, Hill 1", "at 'two, Hill 1' a number was expected"),
        ("x raises speed to 1 um/min, half-max 1", "', Hill <number>' was expected"),
        ("x raises speed to 1 um/min, half-max 1, Hill", "', Hill <number>' was expected"),
        ("x raises speed to 1 um/min, half-max 1, Hill 1, at last", "', at last' the rule should have ended"),
        ("x raises speed to 1 um/min, half-max 1, Hill 2 nM", "'nM' is left over"),
        ("x raises speed to 0,8 um/min, half-max 1, Hill 2", "write 0.5 with a point"),
        ("x raises speed to 1 foo, half-max 1, Hill 2", "at 'foo, half-max 1, Hill 2' a unit was expected"),
        ("x raises speed to 1e999 um/min, half-max 1, Hill 2", "too large"),
        ("x raises speed from 1 nM to 2 um/min, half-max 1, Hill 2", "cannot be read as um/min"),
        ("x raises speed to 1 um/min, half-max 0, Hill 1", "half-max 0 is impossible"),
        ("x raises speed to 1 um/min, half-max -2, Hill 1", "half-max -2 is impossible"),
        ("x raises speed to 1 um/min, half-max 1, Hill 0", "Hill 0 is impossible"),
        ("x raises speed to 1 um/min, half-max 1, Hill -1", "Hill -1 is impossible"),
        ("x raises speed to 1 um/min, half-max 1, Hill 21", "at most 20"),
        ("x raises speed from 1 to 0.5 um/min, half-max 1, Hill 2", "'raises' and 'from 1 to 0.5 um/min' contradict"),
        ("x lowers speed from 1 to 1 um/min, half-max 1, Hill 2", "the end must lie below the start"),
        ("x lowers speed 1.5-fold, half-max 1, Hill 2", "'lowers' and '1.5-fold' contradict"),
        ("x lowers speed -1-fold, half-max 1, Hill 2", "a factor is 0 or more"),
    ],
)  # fmt: skip
def test_what_is_no_rule_says_where(text, said):
    with pytest.raises(SentenceError) as caught:
        read_sentence(text)
    assert said in str(caught.value)


def test_a_sentence_that_does_not_read_shows_how_one_reads():
    with pytest.raises(SentenceError, match="A rule reads: 'contact with migrasome raises"):
        read_sentence("more migrasomes, more speed")


NAMES = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: not set(name.split()) & {"raises", "lowers", "increases", "decreases", "from"}
)
NUMBERS = st.floats(1e-6, 1e6).map(lambda value: float(f"{value:.6g}"))


@given(NAMES, NAMES, NUMBERS, NUMBERS, NUMBERS, st.floats(0.1, 20).map(lambda value: float(f"{value:.4g}")),
       st.sampled_from(["", "um/min", "1/h"]), st.sampled_from(["", "nM"]), st.booleans())  # fmt: skip
def test_what_is_written_reads_back(signal, behaviour, low, more, half, hill, unit, half_unit, raises):
    high = float(f"{low + more:.6g}")
    assume(low < high)
    start, end = (low, high) if raises else (high, low)
    sentence = Sentence(
        signal=signal, behaviour=behaviour, raises=raises, base=start, value=end, unit=unit, fold=False,
        half_max=half, half_max_unit=half_unit, hill=hill,
    )  # fmt: skip
    assert read_sentence(str(sentence)) == sentence


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    with contextlib.suppress(SentenceError):
        assert read_sentence(text).hill > 0


def test_a_recalled_rule_is_no_data():
    with pytest.raises(ValidationError, match="never data"):
        Rule(text=EXAMPLE, source={**SOURCE, "tag": "R"})


# PhysiCell


def sample(tmp_path, text):
    path = tmp_path / "cell_rules.csv"
    path.write_text(text)
    return path


def test_a_file_of_physicell_is_read(tmp_path):
    rules = read_physicell_rules(sample(tmp_path, PHYSICELL), units={"IL-2": "nM"})
    assert {name: str(rule) for name, rule in rules.items()} == {
        "physicell-2": "t_cell: contact with tumor_cell lowers migration speed to 0.01 um/min, half-max 0.5, Hill 10",
        "physicell-3": "t_cell: il_2 concentration raises division to 0.0007 1/min, half-max 1.5 nM, Hill 4",
        "physicell-5": "t_cell: il_2 concentration lowers death to 0 1/min, half-max 2 nM, Hill 3",
        "physicell-6": "m0_macrophage: contact with cell raises differentiation to m1_macrophage to 0.05 1/min, "
                       "half-max 3, Hill 4",
        "physicell-7": "m0_macrophage: il_2 concentration raises persistence time to 20 min, half-max 10 nM, Hill 2",
        "physicell-8": "m0_macrophage: il_2 gradient lowers persistence time to 5 min, half-max 0.2 nM/um, Hill 2",
    }  # fmt: skip
    assert all(rule.source.tag == "E" and "cell_rules.csv" in rule.source.locator for rule in rules.values())


def test_a_file_of_physicell_survives_the_way_here_and_back(tmp_path):
    rules = read_physicell_rules(sample(tmp_path, PHYSICELL), units={"IL-2": "nM"})
    lines = [line.replace("T cell", "t_cell").replace("IL-2", "il_2").replace("tumor cell", "tumor_cell")
                 .replace("M0 macrophage", "m0_macrophage").replace("M1 macrophage", "m1_macrophage")
                 .replace("live cells", "live cell").replace("1e1", "10")
             for line in PHYSICELL.splitlines() if line and not line.startswith("//")]  # fmt: skip
    assert write_physicell_rules(rules).splitlines() == lines
    again = read_physicell_rules(sample(tmp_path, write_physicell_rules(rules)), units={"il_2": "nM"})
    assert [str(rule) for rule in again.values()] == [str(rule) for rule in rules.values()]


def test_version_1_gives_the_base_and_tabs_separate_too(tmp_path):
    path = sample(tmp_path, "b\tcontact with a\tincreases\tmigration speed\t0.5\t0.8\t2\t4\t0\n")
    (rule,) = read_physicell_rules(path).values()
    assert str(rule) == "b: contact with a raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,oxygen,decreases,necrosis,0,3.75,8,0", "a second kind of death"),
        ("a,oxygen,decreases,migration speed,0,5,4,0", "give its unit, for example units: {oxygen: nM}"),
        ("a,contact with b,increases,fuse to b,0.1,5,4,0", "not the type that results"),
        ("a,contact with b,increases,migration bias,1,5,4,0", "'chemotactic sensitivity'"),
        ("a,contact with b,increases,VEGF secretion,1,5,4,0", "signals.release"),
        ("a,contact with b,increases,VEGF uptake,1,5,4,0", "whole voxel"),
        ("a,contact with b,increases,phagocytose b,1,5,4,0", "an act on neighbouring cells"),
        ("a,contact with b,increases,wingspan,1,5,4,0", "has no equal here. Those that have one: migration speed"),
        ("a,volume,increases,apoptosis,1,5,4,0", "no volume"),
        ("a,VEGF gradient,increases,apoptosis,1,5,4,0", "units: {VEGF: nM}"),
        ("a,time,increases,apoptosis,1,5,4,0", "the clock"),
        ("a,contact with cell type 3,increases,apoptosis,1,5,4,0", "by its number"),
        ("a,contact with b,increases,apoptosis,1,5,4,1", "applies to dead cells"),
        ("a,contact with b,upwards,apoptosis,1,5,4,0", "'upwards' is no direction"),
        ("a,contact with b,increases,apoptosis,much,5,4,0", "'much' is no number (value)"),
        ("a,contact with b,increases,apoptosis,1,0,4,0", "half-max 0 is impossible"),
        ("a,contact with b,increases,apoptosis,1,5,100,0", "at most 20"),
        ("a,contact with b,increases,apoptosis,,5,4,0", "a column is empty"),
        ("a,contact with b,increases", "3 columns"),
        ("a,apoptosis,0,0,1,contact with b,increases,5,4,0", "version 0"),
    ],
)
def test_a_line_that_means_something_else_is_refused_with_its_number(tmp_path, line, said):
    path = sample(tmp_path, f"// a comment\n{line}\na,contact with b,increases,apoptosis,1,5,4,0\n")
    with pytest.raises(SpecError) as caught:
        read_physicell_rules(path)
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"{path}:2: ")
    assert list(read_physicell_rules(path, skip=[2])) == ["physicell-3"]


def test_every_refused_line_is_named_at_once(tmp_path):
    path = sample(tmp_path, "a,volume,increases,apoptosis,1,5,4,0\na,time,increases,apoptosis,1,5,4,0\n")
    with pytest.raises(SpecError, match=r"csv:1: (.|\n)*csv:2: (.|\n)*leave them out on purpose"):
        read_physicell_rules(path)


def test_no_file():
    with pytest.raises(SpecError, match="no such rules file"):
        read_physicell_rules("nowhere.csv")


@pytest.mark.parametrize(
    "text",
    [
        "contact with migrasome raises death to 1 1/h, half-max 2, Hill 4",
        "contact with a raises permeability to 1 um/s, half-max 2, Hill 4",
        "contact with a raises death 2-fold, half-max 2, Hill 4",
    ],
)
def test_what_physicell_does_not_have_is_not_written(text):
    rule = Rule(text=text, population="b", source=Source(**SOURCE))
    with pytest.raises(RequestError, match="cannot be written"):
        write_physicell_rules({"one": rule})


def test_names_of_cell_types():
    assert name_here("CD8+ T cell") == "cd8_t_cell"
