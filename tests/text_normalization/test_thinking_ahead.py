"""Thinking that nothing begins is held back, however it comes in pieces, and nothing else is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from agentrun.text_normalization.thinking_ahead import LONGEST, ThinkingAhead
from tests.calls.quick import quick_call

TEXTS = {
    "They ask for hours.\n</think>\n\nAt six.": "\n\nAt six.",
    "Hm.</reasoning>At six. </b>": "At six. </b>",
    "At six.": "At six.",
    "": "",
}


@given(text=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_it_does_not_matter_how_the_text_comes(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    answer = ThinkingAhead()
    assert "".join([*map(answer.visible, pieces), answer.rest()]) == TEXTS[text]
    assert answer.found == (TEXTS[text] != text)


def test_what_never_ends_is_words_after_a_while() -> None:
    answer = ThinkingAhead()
    assert answer.visible("x" * LONGEST) == ""
    assert answer.visible(" and") == "x" * LONGEST + " and"
    assert answer.visible(" more") == " more"


@pytest.mark.parametrize("third", ["They ask for more.</think>At ten.", "At ten."])
def test_a_model_that_thinks_first_is_known_from_its_second_answer_on(tmp_path: Path, third: str) -> None:
    async def talk() -> list[str]:
        answers = [Answer("Hm.</think>At six."), Answer("They ask again.</think>At seven."), Answer(third)]
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], answers, resources=resources) as call,
        ):
            for at in ("six", "seven", "ten"):
                await call.say("When?")
                await call.said(f"At {at}.")
            return call.agent_words[1:]

    assert virtual_time.run(talk()) == ["Hm. At six.", "At seven.", "At ten."]
