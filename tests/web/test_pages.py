"""Every page is the same frame around a body of its own."""

import re
from html.parser import HTMLParser

import pytest

from tradigrade.web.pages import FOLDER, PAGES, Page, compose
from tradigrade.web.server import STATIC

VOID = {"meta", "link", "img", "input", "canvas", "br", "option"}
pages = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


class Outline(HTMLParser):
    """Tags that are open, ids, and links with whether each is the current one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[tuple[str | None, bool]] = []
        self.refers: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if facts.get("id"):
            self.ids.append(str(facts["id"]))
        if tag == "a" and "nav" in self.open:
            self.links.append((facts.get("href"), facts.get("aria-current") == "page"))
        self.refers += [str(facts[name]) for name in ("src", "href") if str(facts.get(name)).startswith("/static/")]
        self.refers += [
            f"#{name}" for key in ("aria-labelledby", "aria-controls") for name in (facts.get(key) or "").split()
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another"


@pages
def test_a_page_has_the_one_navigation_with_its_own_entry_marked(page: Page) -> None:
    assert Outline(compose(page)).links == [(each.path, each is page) for each in PAGES]


def test_pages_differ_from_one_another_in_nothing_but_their_own_names_and_bodies() -> None:
    def frame(page: Page) -> str:
        text = re.sub(r"(?s)(<main[^>]*>).*(</main>)", r"\1\2", compose(page)).replace(' aria-current="page"', "")
        return text.replace(page.data, "DATA").replace(f"/{page.name}.", "/NAME.").replace(page.title, "TITLE", 1)

    frames = {re.sub(r'data-page="\w+"', "", frame(page)) for page in PAGES}
    assert len(frames) == 1


@pages
def test_a_page_is_whole_and_refers_to_what_is_there(page: Page) -> None:
    outline = Outline(compose(page))
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids), "an id stands once"
    for each in outline.refers:
        known = each[1:] in outline.ids if each.startswith("#") else (STATIC / each.removeprefix("/static/")).is_file()
        assert known, each


def test_every_file_of_the_folder_is_a_body_of_a_page_the_frame_or_a_part_of_several() -> None:
    names = {path.stem for path in FOLDER.iterdir()}
    parts = {name for name in names if name.startswith("_")}
    assert names - parts == {"frame", *(page.name for page in PAGES)}
    bodies = [(FOLDER / f"{page.name}.html").read_text(encoding="utf-8") for page in PAGES]
    for part in parts:
        assert sum(f"${part[1:]}" in body for body in bodies) > 1, part
