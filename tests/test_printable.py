"""Nothing that stands in a text is obeyed by a terminal, by rich, or by a log."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from agentrun.cli.output.printable_console import PrintableConsole
from agentrun.printable import as_json, one_line, printable

ANY_TEXT = st.text(st.characters(), max_size=30)
HARMLESS = set("\n\t")


def obeyed(text: str) -> set[str]:
    """The characters of ``text`` that a terminal does something else with than show them."""
    turning = {chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    controls = {c for c in text if ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000}
    return (controls | (set(text) & turning)) - HARMLESS


@given(ANY_TEXT)
def test_no_command_is_left_in_a_text(value: str) -> None:
    assert not obeyed(printable(value))
    printable(value).encode("utf-8")
    assert "\n" not in one_line(value)


@given(st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3))
def test_json_holds_no_command_and_reads_back_the_same(value: dict[str, str]) -> None:
    assert not obeyed(as_json(value))
    assert json.loads(as_json(value)) == value


@given(ANY_TEXT)
def test_a_console_shows_markup_and_obeys_nothing(value: str) -> None:
    out = io.StringIO()
    console = PrintableConsole(file=out, force_terminal=True, color_system=None, width=200)
    console.print(f"[/x]{value}[bold]")
    assert not obeyed(out.getvalue())
    assert out.getvalue().startswith("[/x]")
