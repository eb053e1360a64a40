"""One file, nothing fetched, nothing lost, nothing written over, and what fails is seen to fail."""

import re
from html.parser import HTMLParser

import pytest

from migralab.core.errors import RequestError, UnknownIdError
from migralab.report import page as page_module
from migralab.report.content import Picture, Report
from migralab.report.page import render_report, write_report
from migralab.spec.arms.arm import Arm

LARGEST = 12_000_000


class Reader(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = [], [], [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text[self.open[-1] if self.open else ""] = self.text.get(self.open[-1] if self.open else "", "") + data


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


def ids(text):
    return set(re.findall(r'<section id="([^"]+)"', text))


def test_nothing_is_fetched_from_anywhere(page):
    reader = read(page)
    assert not {"link", "iframe", "object", "embed", "base"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        if name in ("src", "poster", "srcset", "action", "data", "background"):
            assert value.startswith("data:image/"), (tag, value[:60])
        if name == "href":
            assert value.startswith("#"), value
        assert not name.startswith("on"), (tag, name)  # scripts stand in one place
    style = reader.text["style"]
    assert "url(" not in style
    assert "@import" not in style
    for word in ("fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "http"):
        assert word not in reader.text["script"]


def test_every_link_leads_somewhere_in_the_page(page):
    wanted = {value[1:] for _, name, value in read(page).attributes if name == "href"}
    assert wanted
    assert wanted <= set(re.findall(r'id="([^"]+)"', page))


def test_every_part_is_there_and_the_file_is_small(page):
    assert ids(page) == {
        "numbers", "dish", "cell", "replay", "measurements", "micrographs", "verdicts", "parameters", "cite",
        "provenance",
    }  # fmt: skip
    assert len(page.encode()) < LARGEST


def test_report_of_an_experiment_alone_leaves_out_what_it_does_not_have(experiment):
    text = render_report(Report(experiment=experiment))
    assert ids(text) == {"provenance"}
    assert "<script" not in text


def test_every_picture_says_what_it_shows(page):
    reader = read(page)
    pictures = [dict(part) for part in _by_tag(page, "img")]
    assert len(pictures) >= 10
    assert all(len(picture["alt"]) > 10 for picture in pictures)
    assert ("html", "lang", "en") in reader.attributes


def _by_tag(text, tag):
    found = []

    class Collector(HTMLParser):
        def handle_starttag(self, name, attrs):
            if name == tag:
                found.append(attrs)

    Collector().feed(text)
    return found


def row_of(text, claim):
    return re.search(rf'<tr[^>]*data-claim="{claim}".*?</tr>', text, re.DOTALL).group(0)


def test_failing_claim_is_shown_as_failing_and_by_how_much(page):
    row = row_of(page, "bad")
    assert 'data-verdict="fail"' in row
    assert 'class="failing"' in row
    assert "FAILS" in row
    assert "0.5 per cell above the upper limit" in row
    assert "1.7 per cell" in row
    assert "20 µg/ml" in row
    assert "FAILS" not in row_of(page, "good")


def test_failing_claims_stand_first(page):
    assert page.index('data-claim="bad"') < page.index('data-claim="unsure"') < page.index('data-claim="good"')


def test_only_predicted_claims_are_scored(page):
    cards = page[page.index('id="numbers"') : page.index('id="dish"')]
    assert "1 of 3" in cards
    assert "1 fail, 1 inconclusive" in cards
    assert page.index("Predicted: 1 of 3 pass") < page.index("Calibrated: 1 of 1 pass") < page.index("By construction:")


def test_verdicts_that_hang_on_an_estimate_are_listed(page):
    assert "half_age x0.5" in page[page.index("hang on an estimate") :]


def test_estimates_are_marked_as_estimates(page, full):
    table = page[page.index('<section id="parameters"') : page.index('<section id="cite"')]
    estimates = sum(p.source.tag == "E" for own in full.parameters.values() for p in own.values())
    assert table.count("E, estimate</span>") == estimates > 0
    for own in full.parameters.values():
        for name in own:
            assert f"<td>{name.replace('_', ' ')}</td>" in table


def test_top_cell_names_its_percentile_and_the_published_picture_its_licence(page):
    part = page[page.index('<section id="cell"') : page.index('<section id="replay"')]
    assert re.search(r"rank \d+ of 25 cells, percentile \d+", part)
    assert "Somebody 2019, CC BY 4.0" in part


def test_text_from_outside_cannot_become_markup(full, page):
    assert "WGA &amp; &lt;migrasomes&gt;" in page
    arm = Arm(id="fibronectin-10", label="</script><script>alert(1)</script>", control=True)
    odd = full.experiment.model_copy(update={"arms": (arm,), "title": "<b>bold</b>"})
    text = render_report(Report(experiment=odd, run=full.run, observations=full.observations, readouts=full.readouts))
    assert "alert(1)</script>" not in text
    assert "<b>bold</b>" not in text


def test_same_content_same_file(full, page):
    assert render_report(full) == page


def test_existing_file_is_not_written_over_unless_told(experiment, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(RequestError, match="exists already"):
        write_report(Report(experiment=experiment), path)
    assert path.read_text() == "mine"
    write_report(Report(experiment=experiment), path, overwrite=True)
    assert path.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_directory_is_refused(experiment, tmp_path):
    with pytest.raises(RequestError, match="is a directory"):
        write_report(Report(experiment=experiment), tmp_path)


def test_nothing_is_left_where_writing_breaks_off(experiment, tmp_path, monkeypatch):
    class Full:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_module.os, "fdopen", Full)
    with pytest.raises(OSError, match="No space"):
        write_report(Report(experiment=experiment), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_arm_without_readouts_and_cell_that_is_not_there_are_answered_with_the_known_ones(full, experiment):
    with pytest.raises(UnknownIdError, match="fibronectin-20"):
        Report(experiment=experiment, readouts=full.readouts, shown_arm="fibronectin-200")
    with pytest.raises(UnknownIdError, match="cell of this dish"):
        render_report(Report(experiment=experiment, observations=full.observations, shown_cell=999))


def test_picture_without_a_scale_is_refused():
    import numpy as np

    with pytest.raises(RequestError, match="pixel_size_um"):
        Picture(pixels=np.zeros((4, 4)), pixel_size_um=0.0)
