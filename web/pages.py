"""The console's pages, composed at start: each is the one frame of `templates/frame.html` around a body of its own, in
which `$NAME` stands for the part `_NAME.html` that several pages have."""

from pathlib import Path
from string import Template
from typing import NamedTuple

FOLDER = Path(__file__).parent / "templates"


class Page(NamedTuple):
    """Its body is `templates/NAME.html`, its style and script are `static/NAME.css` and `static/NAME.js`."""

    path: str
    name: str
    data: str
    """Where a program, or a browser without scripts, gets the same."""

    @property
    def title(self) -> str:
        return self.name.capitalize()


PAGES = (
    Page("/", "system", "/api/state"),
    Page("/market", "market", "/api/chart?symbol=BTC/USDT"),
    Page("/data", "data", "/api/data"),
    Page("/orders", "orders", "/api/orders"),
    Page("/risk", "risk", "/api/risk"),
    Page("/chaos", "chaos", "/api/state"),
)
"""In the order of the navigation."""


def compose(page: Page) -> str:
    """The whole page. Raises OSError or KeyError where the package is incomplete."""
    parts = {path.stem[1:]: path.read_text(encoding="utf-8") for path in FOLDER.glob("_*.html")}
    body = _read(page.name).substitute(parts)
    return _read("frame").substitute(page._asdict(), title=page.title, nav=_navigation(page), body=body)


def _read(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text(encoding="utf-8"))


def _navigation(current: Page) -> str:
    marks = {current: ' aria-current="page"'}
    return "".join(f'<a href="{page.path}"{marks.get(page, "")}>{page.title}</a>' for page in PAGES)
