"""Thinking, code and leaked calls are left out of a text that comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrun.text_normalization import HiddenText
from tests import processor_time

TEXTS = {
    "<think>The caller\nwants 2 < 3.</think>We have a table.": "We have a table.",
    "<thinking>a</thinking>b<reasoning>c</reasoning>d": "bd",
    'Wait. <tool_call>{"name": "x"}</tool_call> Done.': "Wait.  Done.",
    '<function=order_status>{"number": 7}</function>': "",
    '<|python_tag|>{"name": "x"}<|eom_id|>Yes.': "Yes.",
    '{"name": "book", "arguments": {"at": "8}"}}Booked.': "Booked.",
    '[TOOL_CALLS] [{"name": "x"}]\nYes.': "\nYes.",
    "Code:\n```python\nprint(1)\n```\nThat is it.": "Code:\n\nThat is it.",
    "Say <b>hello</b><br/> now": "Say hello\n now",
    "<think>It never ends": "",
    "2 < 3, a {b} [c] `d` ~ and <3": "2 < 3, a {b} [c] `d` ~ and <3",
    "Write to <ada@example.com>, see <https://rosa.example/x>.": (
        "Write to <ada@example.com>, see <https://rosa.example/x>."
    ),
    "Say <your name>, then press <function name>.": "Say <your name>, then press <function name>.",
    "a <b and c> d, <3, 5<6": "a <b and c> d, <3, 5<6",
    '<a href="https://rosa.example">menu</a> <p class=x id="y">': "menu \n",
    "<!-- a > b -->We are open.": "We are open.",
    "````x````y": "`y",
    '{"name": "a\\"}", "x": {"y": "}"}}Booked {"name": {}}.': "Booked .",
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>At six.": "At six.",
    "<|channel|>final<|message|>At six.<|return|>": "At six.",
    '<|channel|>commentary to=functions.x <|constrain|>json<|message|>{"a": 1}<|call|>': "",
    "[THINK]Hours? [6]?[/THINK]At six.": "At six.",
    "◁think▷Hours?◁/think▷At six.": "At six.",
    "<s>[INST] We are open. [/INST]": " We are open. ",
    "Hours?</think>At six.": "Hours?At six.",
    '{"summary": "The caller wants hours"}': "",
    'Your code is {"a": 1 and <b>all</b> of the rest.': 'Your code is {"a": 1 and all of the rest.',
    'It is {"a": 1 or {"b": 2}. {"name": "book"} Yes.': 'It is {"a": 1 or {"b": 2}.  Yes.',
    'It is {"a": {"b": 1}} or so.': "It is  or so.",
    "<|channel|>final <|constrain|>json<|message|>Hello.": "Hello.",
    "<|channel|>analysis<|message|>Hm.<|end|><|channel|>final <|constrain|>json<|message|>Yes.": "Yes.",
    "<|channel|>final json<|message|>Hello.": "Hello.",
    '<get_hours>{"day": 1}</get_hours>Yes.': "Yes.",
    "[THIN] [6] ◁ [INSTANT]": "[THIN] [6] ◁ [INSTANT]",
    "Plain words, nothing else.": "Plain words, nothing else.",
}


@pytest.mark.parametrize("text", TEXTS)
def test_blocks_are_left_out_whole(text: str) -> None:
    hidden = HiddenText()
    assert hidden.visible(text) + hidden.rest() == TEXTS[text]
    assert hidden.found == (TEXTS[text] != text)


@settings(max_examples=200)
@given(text=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_it_does_not_matter_how_the_text_is_cut_into_pieces(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    hidden = HiddenText()
    assert "".join([*map(hidden.visible, pieces), hidden.rest()]) == TEXTS[text]


LONG = {
    '{"name": "' + "x" * 32_000: 12_002,
    '{"name":' + '"' * 3_000: 0,
    "<think>" + "y" * 60_000: 40_000,
    "<" * 16_000: 16_000,
    "<!--" * 8_000: 0,
    "<a b=c " * 3_000: 21_000,
    "<think=a" * 2_000: 16_000,
    '{"a":' * 6_000: 30_000,
    '{"a": "' + "x" * 20_000: 20_007,
    '{"name"' * 3_000: 21_000,
}


@pytest.mark.parametrize("text", LONG)
def test_what_never_ends_costs_linear_time_and_comes_out_the_same_in_tokens(text: str) -> None:
    whole, tokens = HiddenText(), HiddenText()
    with processor_time.at_most(20):
        visible = whole.visible(text) + whole.rest()
        parts = [tokens.visible(text[place : place + 4]) for place in range(0, len(text), 4)]
        assert "".join(parts) + tokens.rest() == visible
    assert len(visible) == LONG[text]


def test_an_object_is_text_in_writing_and_a_call_is_not() -> None:
    hidden = HiddenText(says_objects=True)
    text = 'Write {"port": 80} here. {"name": "book", "arguments": {}}'
    assert hidden.visible(text) + hidden.rest() == 'Write {"port": 80} here. '


def test_words_behind_an_object_without_an_end_come_while_the_answer_does() -> None:
    hidden = HiddenText()
    assert hidden.visible('It is {"a": 1 and ' + "x" * 2_000)
    assert hidden.visible(" still here") == " still here"


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


def test_thinking_that_was_not_seen_to_begin_is_told() -> None:
    for text, told in {"Hm.</think>Yes.": True, "<think>Hm.</think>Yes.": False, "Yes.</b>": False}.items():
        hidden = HiddenText()
        hidden.visible(text)
        assert hidden.thought_aloud is told
