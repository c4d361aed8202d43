"""The plugin of the README, as a reader would copy it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentrun import Call, plugins, spec
from agentrun.tools.running.invoke import invoke
from agentrun.tools.tool import Tool

README = Path(__file__).parents[2] / "README.md"
SPEC = "name: desk\ntransport: local\nprompts: You answer the telephone.\ntools: [trattoria]\n"
CALL = Call(id="CA1", agent="desk", transport="twilio", from_number="+15551234567")


def block() -> str:
    """The Python code under the heading."""
    section = README.read_text(encoding="utf-8").partition("## Your tool\n")[2]
    found = re.search(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def book(tmp_path: Path) -> Tool:
    """The tool of the README, loaded as a project of its own."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "trattoria.py").write_text(block(), encoding="utf-8")
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC, encoding="utf-8")
    [tool] = plugins.load(spec.load(path))
    return tool


def test_the_plugin_of_the_readme_is_ten_lines_and_its_docstring() -> None:
    assert len([line for line in block().splitlines() if line.strip()]) <= 11


def test_the_model_sees_the_docstring_and_the_guests_and_not_the_call(book: Tool) -> None:
    assert (book.name, book.plugin) == ("book_table", "trattoria")
    assert book.description == "Book a table for this evening."
    assert book.parameters["properties"] == {"guests": {"type": "integer"}}


@pytest.mark.parametrize(
    ("guests", "status", "text"),
    [
        (4, "ok", "Booked for 4, under +15551234567."),
        (13, "refused", "We seat at most 12. Offer the private room."),
    ],
)
async def test_it_books_and_says_in_words_when_it_cannot(
    book: Tool, guests: int, status: str, text: str
) -> None:
    outcome = await invoke(book, CALL, {"guests": guests})
    assert (outcome.status, outcome.text) == (status, text)
