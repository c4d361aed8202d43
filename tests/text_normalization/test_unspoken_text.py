"""Thinking, code and leaked calls are left out of a text that comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun.text_normalization import HiddenText

TEXTS = {
    "<think>The caller\nwants 2 < 3.</think>We have a table.": "We have a table.",
    "<thinking>a</thinking>b<reasoning>c</reasoning>d": "bd",
    'Wait. <tool_call>{"name": "x"}</tool_call> Done.': "Wait.  Done.",
    '<function=order_status>{"number": 7}</function>': "",
    '<|python_tag|>{"name": "x"}<|eom_id|>Yes.': "Yes.",
    '{"name": "book", "arguments": {"at": "8}"}}Booked.': "Booked.",
    '[TOOL_CALLS] [{"name": "x"}]\nYes.': "\nYes.",
    "Code:\n```python\nprint(1)\n```\nThat is it.": "Code:\n\nThat is it.",
    "Say <b>hello</b><br/> now": "Say hello now",
    "<think>It never ends": "",
    "2 < 3, a {b} [c] `d` ~ and <3": "2 < 3, a {b} [c] `d` ~ and <3",
    "Plain words, nothing else.": "Plain words, nothing else.",
}


@pytest.mark.parametrize("text", TEXTS)
def test_blocks_are_left_out_whole(text: str) -> None:
    hidden = HiddenText()
    assert hidden.visible(text) + hidden.rest() == TEXTS[text]
    assert hidden.found == (TEXTS[text] != text)


@pytest.mark.parametrize("text", TEXTS)
@given(data=st.data())
def test_it_does_not_matter_how_the_text_is_cut_into_pieces(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    hidden = HiddenText()
    assert "".join([*map(hidden.visible, pieces), hidden.rest()]) == TEXTS[text]


def test_plain_words_are_never_held() -> None:
    hidden = HiddenText()
    for word in ["We", "are", "open,", "from", "9", "to", "5", "(except", "Sundays):", "2", "<", "3."]:
        assert hidden.visible(f"{word} ") == f"{word} "


def test_a_block_without_an_end_gives_up_after_a_while() -> None:
    hidden = HiddenText()
    hidden.visible("<think>")
    for _ in range(300):
        hidden.visible("x" * 100)
    assert "still here" in hidden.visible(" still here") + hidden.rest()
