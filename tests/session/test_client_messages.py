"""What a page asks of the plugins is answered, or refused at once: it waits for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from pipecat.processors.frameworks.rtvi.models import ClientMessage
from pipecat.processors.frameworks.rtvi.processor import RTVIProcessor

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.plugins.call_hooks import CallHooks
from agentrun.session import client_messages
from agentrun.session.client_messages import ANSWER_SECONDS, MOST_AT_ONCE, ClientMessages
from agentrun.testing import virtual_time
from agentrun.tools.running.threads import MOST_THREADS
from tests.calls.desk import until

Sent = tuple[str, Any]


class Page:
    """Keeps what it is sent: an answer, or an error."""

    def __init__(self, *functions: Callable[..., Any]) -> None:
        self.hooks = [CallHooks("crm", messages=((each, ("call", "name", "data")),)) for each in functions]
        self.next_call()
        self.sent: list[Sent] = []

    def next_call(self) -> None:
        """Another call of the same agent."""
        self.messages = ClientMessages(self.hooks, Call("CA1", "desk", "local", state={"customer": "Ada"}))

    async def send_server_response(self, message: ClientMessage, data: Any) -> None:
        self.sent.append((message.msg_id, data))

    async def send_error_response(self, message: ClientMessage, error: str) -> None:
        self.sent.append((message.msg_id, f"error: {error}"))

    async def asks(self, name: str, data: Any = None, number: str = "1") -> None:
        message = ClientMessage(msg_id=number, type=name, data=data)
        await self.messages._came(cast(RTVIProcessor, self), message)

    async def hears(self, count: int = 1) -> list[Sent]:
        await until(lambda: len(self.sent) >= count, 60)
        return self.sent


def knows(call: Call, name: str, data: Any) -> Any:
    return {"customer": call.state["customer"], "data": data} if name == "who" else None


async def knows_more(call: Call, name: str, data: Any) -> Any:
    del call, data
    return (2, 4) if name == "tables" else None


async def test_the_first_plugin_that_has_an_answer_gives_it() -> None:
    page = Page(knows, knows_more)
    await page.asks("who", {"lang": "de"})
    assert await page.hears() == [("1", {"customer": "Ada", "data": {"lang": "de"}})]
    await page.asks("tables", number="2")
    assert (await page.hears(2))[1] == ("2", [2, 4])


@pytest.mark.parametrize("functions", [(), (knows, knows_more)])
async def test_what_nobody_answers_is_an_error_at_once(functions: Any) -> None:
    page = Page(*functions)
    await page.asks("what" * 100)
    ((_, words),) = await page.hears()
    assert words.startswith("error: no plugin of 'desk' answers 'whatwhat")
    assert len(words) < 200


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        (ToolError("Not for guests."), "Not for guests."),
        (ValueError("secret words"), "plugin crm failed; the server's log says why"),
        (object(), "plugin crm failed; the server's log says why"),
        ("x" * 20_000, "plugin crm failed; the server's log says why"),
    ],
    ids=["refuses", "breaks", "no-json", "too-long"],
)
async def test_what_can_not_be_given_is_an_error_that_tells_no_secret(gives: Any, words: str) -> None:
    def answers(call: Call, name: str, data: Any) -> Any:
        del call, name, data
        if isinstance(gives, Exception):
            raise gives
        return gives

    page = Page(answers)
    await page.asks("who")
    assert await page.hears() == [("1", f"error: {words}")]


def test_a_plugin_that_is_late_is_not_waited_for_and_neither_are_many() -> None:
    async def sleeps(call: Call, name: str, data: Any) -> None:
        del call, name, data
        await asyncio.sleep(60)

    async def ask() -> list[Sent]:
        page = Page(sleeps)
        for number in range(MOST_AT_ONCE + 2):
            await page.asks("who", number=str(number))
        assert len(page.sent) == 2, "what is too much is said at once"
        began = asyncio.get_running_loop().time()
        sent = await page.hears(MOST_AT_ONCE + 2)
        assert asyncio.get_running_loop().time() - began == pytest.approx(ANSWER_SECONDS, abs=0.1)
        return sent

    sent = virtual_time.run(ask())
    assert {words for _, words in sent[2:]} == {"error: no answer to 'who' within 8 s"}


async def test_a_plugin_that_hangs_leaves_no_more_threads_than_a_tool_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, begun = threading.Event(), list[str]()

    def hangs(call: Call, name: str, data: Any) -> str:
        del call, data
        begun.append(name)
        gate.wait(60)
        return name

    page = Page(hangs)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(client_messages, "ANSWER_SECONDS", 0.05)
            for number in range(1, 5):  # calls
                for _ in range(MOST_AT_ONCE):
                    await page.asks("who")
                await page.hears(number * MOST_AT_ONCE)
                await page.messages.close()
                page.next_call()
        assert {words for _, words in page.sent} == {"error: no answer to 'who' within 0.05 s"}
        assert begun == ["who"] * MOST_THREADS
    finally:
        gate.set()
    await page.asks("when", number="last")
    assert (await page.hears(len(page.sent) + 1))[-1] == ("last", "when")
    assert begun[MOST_THREADS:] == ["when"], "what was given up is not done later"


async def test_an_answer_that_nobody_waits_for_is_given_up() -> None:
    begun, ended, done = asyncio.Event(), asyncio.Event(), list[str]()

    async def asks(call: Call, name: str, data: Any) -> None:
        del call, name, data
        begun.set()
        try:
            await asyncio.sleep(60)
            done.append("who")
        finally:
            ended.set()

    page = Page(asks)
    await page.asks("who")
    await begun.wait()
    await page.messages.close()
    assert ended.is_set()
    assert not done
    assert page.sent == []
