"""The ten-line plugin, from its file to what the model hears."""

from __future__ import annotations

from pathlib import Path

from agentrun import Call, plugins, spec
from agentrun.tools.running.invoke import invoke

EXAMPLE = Path(__file__).parent / "examples" / "trattoria.yaml"
CALL = Call(id="CA1", agent="trattoria", transport="twilio", from_number="+15551234567")


async def test_the_ten_line_plugin_books_a_table_and_says_when_it_cannot() -> None:
    [book] = plugins.load(spec.load(EXAMPLE))
    assert book.description == "Book a table for this evening."
    assert book.parameters["properties"] == {"guests": {"type": "integer"}}
    answers = [(await invoke(book, CALL, {"guests": guests})).text for guests in (4, 13, "a few")]
    assert answers[:2] == [
        "Booked for 4, under +15551234567.",
        "We seat at most 12. Offer the private room.",
    ]
    assert answers[2].startswith("Argument 'guests' is 'a few'")


def test_the_example_is_ten_lines_without_the_blank_ones_and_the_docstrings() -> None:
    text = (EXAMPLE.parent / "plugins" / "trattoria.py").read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if line.strip() and '"""' not in line]
    assert len(code) <= 10
