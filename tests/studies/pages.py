"""Reading a report as a browser or a screen reader would."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects what a page holds; ``open`` is empty at the end of a page whose elements all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.alternatives: list[str] = []
        self.identifiers: list[str] = []
        self.cells: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in _VOID:
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")]
        if tag == "img":
            self.alternatives.append(found.get("alt") or "")
        if found.get("role") == "img":
            self.alternatives.append(found.get("aria-label") or "")
        if found.get("id") is not None:
            self.identifiers.append(found["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open and self.open[-1] != "style":
            self.words.append(data.strip())
            if self.open[-1] in ("h1", "h2", "h3"):
                self.headings.append((self.open[-1], data.strip()))
            if self.open[-1] in ("td", "th"):
                self.cells.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.words)
