"""What a session holds, as the messages that a brain is given."""

from __future__ import annotations

from typing import Any

from pipecat.adapters.llm.services.open_ai_realtime_adapter import OpenAIRealtimeLLMAdapter
from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun.simulate.openai.realtime.conversation_items import as_messages

SAID: list[Any] = [
    {"role": "user", "content": "Are you [open]?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Until when?"},
]


async def test_a_conversation_that_pipecat_has_packed_is_unpacked() -> None:
    context = LLMContext(list(SAID))
    packed = await OpenAIRealtimeLLMAdapter().get_llm_invocation_params(context)
    items = [item.model_dump(exclude_none=True) for item in packed["messages"]]
    assert len(items) == 1
    assert as_messages("Be brief.", items) == [{"role": "system", "content": "Be brief."}, *SAID]


def test_words_that_only_begin_like_it_are_left_as_they_are() -> None:
    words = "This is a previously saved conversation. [no JSON] This is the end of the previously saved one."
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
    assert as_messages("", [item]) == [{"role": "user", "content": words}]
