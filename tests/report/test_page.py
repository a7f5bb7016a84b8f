from collections.abc import Callable
from html.parser import HTMLParser

from g2tr.report.figures.all import RenderedFigure
from g2tr.report.page import ReportSection, page
from g2tr.report.tables.section import ModelResults

VOID = {"meta", "img", "br"}


class Balance(HTMLParser):
    """Checks that elements are closed in order, and notes what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [tag] if tag not in VOID else []
        self.sources += [str(value) for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Balance:
    balance = Balance()
    balance.feed(text)
    assert balance.open == []
    return balance


def test_the_page_is_whole_and_needs_nothing_else(make_section: Callable[[], ModelResults]) -> None:
    plate = RenderedFigure("pareto", "Trade-off", "A caption.", 'is "it" <red>?', 500, b"light", b"dark")
    text = page([ReportSection("tiny", make_section(), [plate], [plate])], [], "1.0")
    sources = parsed(text).sources
    assert len(sources) == 4 and all(source.startswith("data:image/png;base64,") for source in sources)
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text and "max-width: 40rem" in text


def test_what_was_measured_and_left_out_is_on_the_page(make_section: Callable[[], ModelResults]) -> None:
    text = page([ReportSection("<tiny>", make_section(), [], [])], ["bad & broken"], "1.0")
    parsed(text)
    assert "&lt;tiny&gt;" in text and "bad &amp; broken" in text
    assert "7 run folders" in text and "62.5 ± 17.7" in text and "seed 1: random-0.25" in text
