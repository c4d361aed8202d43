"""One question to a model beside the conversation."""

from __future__ import annotations

import json

import pytest

from agentrun.pipeline.services import structured_answer
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan
from agentrun.simulate.engines.engines import Answer, Conversation, answer_for
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.openai import OpenAIServer

SCHEMA = {
    "type": "object",
    "properties": {"age": {"type": ["integer", "null"]}},
    "required": ["age"],
    "additionalProperties": False,
}


class _Reader:
    def __init__(self) -> None:
        self.asked: list[Conversation] = []

    async def answer(self, conversation: Conversation) -> Answer:
        self.asked.append(conversation)
        return answer_for(conversation.schema or {}, {"age": 80})


@pytest.mark.parametrize("api", ["chat", "responses-http", "responses"])
async def test_the_model_is_given_the_schema_and_its_tokens_are_counted(api: str) -> None:
    reader = _Reader()
    async with OpenAIServer(SilentEngine(), SilentEngine(), reader) as server, Resources() as resources:
        plan = _plan(server.url_for("desk"), api)
        answer = await structured_answer.ask(plan, "Read the age.", "Caller: I am 80.", SCHEMA, resources)
    assert json.loads(answer.text) == {"age": 80}
    assert reader.asked[0].schema == SCHEMA
    assert answer.usage["input_tokens"] > 0
    assert answer.usage["output_tokens"] > 0


async def test_a_model_that_fails_is_named_and_what_it_was_asked_is_not() -> None:
    async with Resources() as resources:
        plan = ServicePlan("llm", "openai", "gpt-4o", {}, None, "http://127.0.0.1:9/v1")
        with pytest.raises(structured_answer.NoAnswerError) as caught:
            await structured_answer.ask(plan, "Read.", "Caller: secret words.", SCHEMA, resources)
    assert "openai/gpt-4o" in str(caught.value)
    assert "secret" not in str(caught.value)


def _plan(url: str, api: str) -> ServicePlan:
    return ServicePlan("llm", "openai", "gpt-4o", {"api": api}, "test", url)
