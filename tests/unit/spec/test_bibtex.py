"""The bibliography is read strictly, with the line of what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import migralab.catalog
from migralab.core.errors import SpecError
from migralab.spec.bibtex import parse_bibtex, read_bibtex

TEXT = """\
% Formation
@article{ma2015,
  author = {Ma, Liang and Li, Ying},
  title = "Discovery of the {Migrasome}, an
           organelle",
  year = 2015,
  month = jan,
  doi = {10.1038/cr.2014.135}
}

@Misc{migralab, note = {computed {here}},}
"""


def test_entries_and_fields_are_read():
    entries = parse_bibtex(TEXT)
    assert list(entries) == ["ma2015", "migralab"]
    ma = entries["ma2015"]
    assert ma.kind == "article"
    assert ma.fields["title"] == "Discovery of the {Migrasome}, an organelle"
    assert (ma.fields["year"], ma.fields["month"]) == ("2015", "jan")
    assert entries["migralab"].fields == {"note": "computed {here}"}
    assert ma.text.startswith("@article{ma2015,")
    assert ma.text.endswith("}")
    assert parse_bibtex(ma.text) == {"ma2015": ma}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("@a{k, x = {1}}\n@a{k, x = {2}}", 2, "'k' stands twice"),
        ("@a{k,\n x = {1},\n X = {2}}", 3, "'x' stands twice"),
        ("@a{k,\n x = {1", 2, "never closed"),
        ('@a{k,\n x = "1', 2, "never closed"),
        ('@a{k,\n x = "}"}', 2, "never closed"),
        ("@a{k, x = {1}\n y = {2}}", 2, "a comma between fields"),
        ("@a{k, x = {1},", 1, "or '}'"),
        ("@a{k, x = {1} # {2}}", 1, "a comma between fields"),
        ("@a{k, x = some words}", 1, "braces"),
        ("\nhello", 2, "comment"),
        ('@string{j = "Journal"}', 1, "expected '@kind{key,'"),
        ("@a{, x = {1}}", 1, "expected '@kind{key,'"),
    ],
)
def test_what_is_unusual_is_refused_with_its_line(text, line, said):
    with pytest.raises(SpecError) as caught:
        parse_bibtex(text, "r.bib")
    assert str(caught.value).startswith(f"r.bib:{line}: ")
    assert said in str(caught.value)


def test_the_bibliography_of_the_catalogue_is_read():
    entries = read_bibtex(Path(migralab.catalog.__file__).parent / "references.bib")
    assert "migralab" in entries
    assert all(entry.fields for entry in entries.values())


def test_a_missing_bibliography_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.bib"):
        read_bibtex(tmp_path / "none.bib")
