from __future__ import annotations

import dataclasses
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.report import left_out, report_html, summary_html, write_report
from solomonic.bench.results import Run
from solomonic.errors import RunError

VOID = {"meta", "br", "input", "img", "link", "hr"}
HOSTILE = "<img src=x onerror=alert(1)>&\"'"


class Page(HTMLParser):
    """Every element with its attributes, and whether they are nested as they should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(core_run: Run, core: Analysis) -> str:
    return report_html(core_run, core)


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


def test_the_page_is_well_formed_and_says_its_language(parsed: Page) -> None:
    assert parsed.open == []
    assert parsed.all("html")[0]["lang"] == "en"
    assert parsed.all("meta")[0]["charset"] == "utf-8"
    assert any(meta.get("name") == "viewport" for meta in parsed.all("meta"))


def test_nothing_is_run_and_nothing_is_fetched(page: str, parsed: Page) -> None:
    names = {tag for tag, _ in parsed.elements}
    assert not names & {"script", "iframe", "object", "embed", "link", "img", "video", "audio", "form", "base"}
    for _, attributes in parsed.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith("#")
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_every_picture_says_what_it_shows(parsed: Page) -> None:
    pictures = [attributes for attributes in parsed.all("svg") if "aria-hidden" not in attributes]
    assert len(pictures) == 6 * 4 - 1
    assert all(attributes["role"] == "img" and len(attributes["aria-label"] or "") > 40 for attributes in pictures)


def test_table_heads_say_what_they_head_and_wide_tables_can_be_reached_by_keyboard(parsed: Page) -> None:
    assert all(head.get("scope") in ("col", "row") for head in parsed.all("th"))
    regions = [attributes for attributes in parsed.all("div") if attributes.get("class") == "scroll"]
    assert len(regions) == len(parsed.all("table"))
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)


def test_ids_are_unique_and_every_reference_has_its_target(page: str, parsed: Page) -> None:
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert wanted <= set(ids)


def test_colours_of_the_pictures_follow_the_page(page: str) -> None:
    assert "prefers-color-scheme:dark" in page
    body = page.split("</style>", 1)[1]
    assert set(re.findall(r"#[0-9a-f]{6}\b", body)) == set()
    assert "var(--inductive)" in body
    assert "var(--transductive)" in body


def test_all_that_comes_from_a_run_is_escaped(synthetic: ModuleType) -> None:
    students = (synthetic.STUDENTS[0], synthetic.Student(HOSTILE, "inductive", 2.0), synthetic.STUDENTS[5])
    meta, cells = synthetic.split_task(n=60, students=students, title=HOSTILE)
    meta = dataclasses.replace(meta, name=HOSTILE, suite=HOSTILE)
    cells = [dataclasses.replace(cell, task=HOSTILE, suite=HOSTILE, notes=(HOSTILE,)) for cell in cells]
    run = synthetic.run((meta, cells), failed=[HOSTILE], info={"machine": {HOSTILE: HOSTILE}})
    for text in (report_html(run, analyse(run)), summary_html(run, analyse(run))):
        assert "<img" not in text
        found = Page(text)
        assert found.open == []
        assert any(HOSTILE in words for words in found.words)


def test_outcomes_are_told_apart_by_words_and_signs(page: str) -> None:
    assert "? cannot tell" in page
    assert "≠ differ" in page
    assert "= equivalent" in page


def test_each_task_shows_its_verdict_costs_pairs_and_what_is_left_out(parsed: Page, core: Analysis) -> None:
    text = " ".join(parsed.words)
    for words in (
        "What the intervals leave out",
        "How the two were chosen",
        "Other metrics and costs",
        "pairs of learners",
        "Break-even of",
    ):
        assert text.count(words) == len(core.tasks)
    assert "How it was made" in text
    assert "A processor" in text
    assert "When questions come back" in text


@pytest.mark.parametrize(("task", "word"), [("digits", "question"), ("shift", "block of the stream"), ("sequences", "sequence")])
def test_what_is_left_out_names_the_unit(core: Analysis, task: str, word: str) -> None:
    assert f"The unit that varies is the {word}" in " ".join(left_out(core.task(task)))


def test_failed_cells_are_listed(core_run: Run) -> None:
    run = dataclasses.replace(core_run, tasks=core_run.tasks[:1], failed=("core/digits svc seed 2: ValueError",))
    assert "core/digits svc seed 2: ValueError" in report_html(run, analyse(run))


def test_an_empty_run_has_a_report(synthetic: ModuleType) -> None:
    run = synthetic.run()
    text = report_html(run, analyse(run))
    assert "nothing was compared" in text
    assert Page(text).open == []


def test_the_same_run_gives_the_same_page(core_run: Run, core: Analysis, page: str) -> None:
    assert report_html(core_run, core) == page


def test_the_file_appears_whole_and_replaces_an_older_one(tmp_path: Path, synthetic: ModuleType) -> None:
    run = synthetic.run(synthetic.split_task(n=60, seeds=2))
    path = tmp_path / "report.html"
    path.write_text("older")
    write_report(run, analyse(run), path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, synthetic: ModuleType) -> None:
    run = synthetic.run()
    with pytest.raises(RunError, match="cannot write the report to") as caught:
        write_report(run, analyse(run), tmp_path / "absent" / "report.html")
    assert "\n" not in str(caught.value)


def test_letters_that_no_font_has_do_not_stop_the_report(synthetic: ModuleType) -> None:
    run = synthetic.run(
        synthetic.split_task(n=60, seeds=2, students=(synthetic.STUDENTS[0], synthetic.Student("記憶\u200b", "inductive", 2.0)))
    )
    assert "記憶" in report_html(run, analyse(run))


def test_a_notebook_gets_a_small_table_without_colours_of_its_own(core_run: Run, core: Analysis) -> None:
    text = summary_html(core_run, core)
    assert len(Page(text).all("table")) == len(core.tasks)
    assert "color:" not in text
    assert "<svg" not in text


def test_reading_this_module_loads_no_matplotlib() -> None:
    import subprocess

    code = "import sys, solomonic.bench.report, solomonic.bench.figures; assert not {'matplotlib', 'pandas', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
