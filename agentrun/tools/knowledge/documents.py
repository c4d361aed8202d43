"""The documents in a folder, split into passages under their headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

KINDS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
MOST_CHARACTERS = 1_500
"""A passage is read aloud in part: longer sections are cut between paragraphs."""
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
Section = tuple[str, str]


@dataclass(frozen=True)
class Passage:
    """``source`` is the file below the folder, ``heading`` the headings above the text."""

    source: str
    heading: str
    text: str


def files(folder: Path) -> list[Path]:
    """The documents of ``folder`` and of the folders below it, but for hidden ones and links out of it."""
    root = folder.resolve()
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in KINDS and path.is_file()]
    hidden = {path for path in paths if any(p.startswith(".") for p in path.relative_to(folder).parts)}
    return sorted(path for path in paths if path not in hidden and path.resolve().is_relative_to(root))


def passages(path: Path, folder: Path) -> Iterator[Passage]:
    """Every passage of one document; a file that can't be read as its kind gives none."""
    source = path.relative_to(folder).as_posix()
    for heading, text in _sections(path):
        for part in _parts(text):
            yield Passage(source, heading, part)


def _sections(path: Path) -> Iterable[Section]:
    kind = path.suffix.lower()
    if kind == ".pdf":
        return _pdf(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    if kind in (".html", ".htm"):
        page = _Page()
        page.feed(text)
        page.close()
        text = "\n".join(page.lines)
    return [("", text)] if kind == ".txt" else _markdown(text)


def _markdown(text: str) -> Iterator[Section]:
    above: dict[int, str] = {}
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line)
        if not heading:
            lines.append(line)
            continue
        yield " > ".join(above.values()), "\n".join(lines)
        lines = []
        level = len(heading[1])
        above = {n: title for n, title in above.items() if n < level} | {level: heading[2]}
    yield " > ".join(above.values()), "\n".join(lines)


def _pdf(path: Path) -> Iterator[Section]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        for number, page in enumerate(PdfReader(path).pages, 1):
            yield f"page {number}", page.extract_text()
    except PyPdfError:
        return


def _parts(text: str) -> Iterator[str]:
    part = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _pieces(paragraph.strip()):
            if part and len(part) + len(piece) > MOST_CHARACTERS:
                yield part
                part = ""
            part = f"{part}\n\n{piece}".strip()
    if part:
        yield part


def _pieces(paragraph: str) -> list[str]:
    return [paragraph[at : at + MOST_CHARACTERS] for at in range(0, len(paragraph), MOST_CHARACTERS)]


class _Page(HTMLParser):
    """A page's words as Markdown: its headings, and a line for each block."""

    _SILENT = ("script", "style", "template", "noscript", "title")
    _BLOCKS = ("p", "li", "tr", "div", "section", "br", "dt", "dd", "table", "ul", "ol")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._SILENT:
            self._silent += 1
        elif re.fullmatch("h[1-6]", tag):
            self.lines += ["", "#" * int(tag[1]) + " "]
        elif tag in self._BLOCKS:
            self.lines.append("")
        elif tag in ("td", "th"):
            self.lines[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif re.fullmatch("h[1-6]", tag) or tag == "p":
            self.lines += ["", ""]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.lines[-1] += re.sub(r"\s+", " ", data)
