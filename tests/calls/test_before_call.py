"""A caller is looked up before the agent speaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, quick_call

PROMPTS = """
prompts:
  system: "You sell. {% if plan %}The caller has the {{ plan }} plan.{% endif %}"
  greeting: {say: "Hello {{ name }}."}
  apology: I am sorry.
"""
SPEC = """
vars: {{name: stranger}}
before_call:
  http:
    url: "http://127.0.0.1:{port}/callers/{{{{ call.from_number }}}}"
    allow_private: true
    timeout: 1s
  save: {{name: customer.name, plan: customer.plan}}
  choose:
    - {{when: {{plan: blocked}}, refuse: We can't take your call.}}
    - {{when: {{plan: gold}}, voice: coral}}
"""


class Directory:
    """Says who is behind a number, after a while where it is slow."""

    def __init__(self) -> None:
        self.answer: Any = {"customer": {"name": "Ada", "plan": "gold"}}
        self.seconds = 0.0
        self.asked: list[str] = []
        self.port = 0
        self.serving: list[Any] = []
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.split(" ")[1])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), self.seconds)
            text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            writer.write((head + text).encode())
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def directory() -> AsyncIterator[Directory]:
    made = Directory()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.over.set()
        await asyncio.gather(*made.serving, return_exceptions=True)


def told(call: QuickCall) -> str:
    return str(call.brain.asked[-1].messages)


@contextlib.asynccontextmanager
async def called(
    tmp_path: Path, style: str, made: Directory, resources: Resources, answers: list[Answer]
) -> AsyncIterator[QuickCall]:
    more = SPEC.format(port=made.port)
    async with quick_call(
        tmp_path, style, [], answers, resources=resources, prompts=PROMPTS, more=more, greeted=False
    ) as call:
        yield call


@pytest.mark.parametrize("style", STYLES)
async def test_the_greeting_and_the_prompt_know_who_calls(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    async with directory() as made, called(tmp_path, style, made, resources, [Answer("Yes.")]) as call:
        await call.until(lambda: call.agent_words)
        if style == "cascaded":
            assert call.agent_words == ["Hello Ada."]
            assert call.voice.voices[-1] == "coral"
        else:
            assert "Hello Ada." in told(call)
        await call.until(lambda: not call.speaking)
        await call.say("What do I have?")
        await call.said("Yes.")
        assert "The caller has the gold plan." in told(call)
    assert made.asked == ["/callers/%2B15551234567"]
    assert call.record.variables == {"name": "Ada", "plan": "gold"}
    assert call.record.errors == []


async def test_an_answer_that_is_late_is_not_waited_for(tmp_path: Path, resources: Resources) -> None:
    async with directory() as made:
        made.seconds = 5.0
        async with called(tmp_path, "cascaded", made, resources, []) as call:
            await call.said("Hello stranger.")
    assert call.record.errors == ["before_call_late: no answer within 1 s"]
    assert call.record.variables == {}


@pytest.mark.parametrize("answer", ["no JSON", "[]", '{"customer": null}', "[" * 10_000])
async def test_an_answer_that_can_t_be_read_leaves_the_first_values(
    tmp_path: Path, answer: str, resources: Resources
) -> None:
    async with directory() as made:
        made.answer = answer
        async with called(tmp_path, "cascaded", made, resources, []) as call:
            await call.said("Hello stranger.")
    assert call.record.errors
    assert call.record.variables == {}


async def test_what_comes_back_is_text_and_never_a_template(tmp_path: Path, resources: Resources) -> None:
    async with directory() as made:
        made.answer = {"customer": {"name": "{{ call.environ }}", "plan": "silver"}}
        async with called(tmp_path, "cascaded", made, resources, []) as call:
            await call.until(lambda: call.agent_words)
    assert call.agent_words == ["Hello call.environ."]


async def test_a_caller_is_refused_with_words(tmp_path: Path, resources: Resources) -> None:
    async with directory() as made:
        made.answer = {"customer": {"name": "Eve", "plan": "blocked"}}
        async with called(tmp_path, "cascaded", made, resources, []) as call:
            await call.until(lambda: call.record.ended)
    assert call.agent_words == ["We can't take your call."]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the caller was refused before the call")


async def test_a_caller_who_hangs_up_meanwhile_costs_nothing(tmp_path: Path, resources: Resources) -> None:
    async with directory() as made:
        made.seconds = 0.9
        async with called(tmp_path, "cascaded", made, resources, []) as call:
            await call.until(lambda: made.asked)
            await call.transport.hang_up()
    assert call.record.ended_by == "caller"
    assert call.agent_words == []
