"""Ultravox by Pipecat's service against a server on loopback: the caller hears something in any case."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.services.ultravox.llm import UltravoxRealtimeLLMService
from websockets.asyncio.server import ServerConnection, serve

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.testing import virtual_time
from tests.calls.gemini_server import lose
from tests.calls.heard import LIMIT
from tests.calls.quick import LOUD, QuickCall, quick_call
from tests.calls.realtime_server import hours
from tests.calls.test_gemini_live import codes, heard_in_time, speak

OPEN, AGAIN = "We are open from six to eleven.", "Once more."
RATE = 48_000
TONE = (np.sin(np.arange(RATE // 10) * 0.1) * 8000).astype("<i2").tobytes()
Message = dict[str, Any] | bytes


def said(text: str) -> list[Message]:
    """What the server sends for ``text``, spoken in 1 s."""
    words = {"type": "transcript", "role": "agent", "medium": "voice", "delta": text, "final": False}
    return [{"type": "state", "state": "speaking"}, *[TONE] * 10, words]


LISTENING: Message = {"type": "state", "state": "listening"}
TOOL: Message = {
    "type": "client_tool_invocation",
    "toolName": "hours",
    "invocationId": "t1",
    "parameters": {},
}


class Ultravox:
    """Greets, and answers what it is sent in words or as the result of a tool with what is in ``answers``."""

    def __init__(self) -> None:
        self.answers: list[list[Message]] = []
        self.taken: list[dict[str, Any]] = []
        self.sockets: list[ServerConnection] = []

    async def send(self, *messages: Message) -> None:
        with contextlib.suppress(Exception):
            for message in messages:
                await self.sockets[-1].send(message if isinstance(message, bytes) else json.dumps(message))

    async def serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        await self.send(*said("Hello."), LISTENING)
        async for message in socket:
            if isinstance(message, str):
                self.taken.append(json.loads(message))
                if self.answers:
                    await self.send(*self.answers.pop(0))


def called(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    talk: Callable[[QuickCall, Ultravox], Awaitable[None]],
    hangs: str = "",
    *,
    page: bool = False,
) -> QuickCall:
    """A call over Ultravox, whose handshake may hang at one of its two requests."""

    async def run() -> QuickCall:
        ultravox = Ultravox()
        async with Resources() as resources, serve(ultravox.serve, "127.0.0.1", 0) as server:
            address = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"

            async def join(*_: Any) -> str:
                await asyncio.sleep(600.0 * (hangs == "request"))
                return address

            monkeypatch.setattr(UltravoxRealtimeLLMService, "_start_one_shot_call", join)
            async with quick_call(
                *(folder, "realtime", [hours()], []),
                resources=resources,
                apology=LOUD * 2,
                environ={"ULTRAVOX_API_KEY": "test"},
                overrides=[("pipeline.realtime", "ultravox")],
                prompts="prompts: {system: You answer., greeting: Greet., apology: I am sorry.}",
                turns="detection: silence, silence: 300ms",
                greeted=not hangs,
                page=page,
            ) as call:
                await talk(call, ultravox)
                return call

    return virtual_time.run(run())


def test_a_question_is_answered_with_a_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(call: QuickCall, ultravox: Ultravox) -> None:
        ultravox.answers.append([*said(OPEN), LISTENING])
        since = await speak(call)
        await ultravox.send(TOOL)
        await heard_in_time(call, since)
        assert ultravox.taken[-1]["type"] == "client_tool_result"

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN], [])


def test_a_model_that_goes_deaf_is_apologised_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(call: QuickCall, _ultravox: Ultravox) -> None:
        await heard_in_time(call, await speak(call))

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, codes(call)) == (["Hello.", "I am sorry."], ["realtime_late"] * 2)


def test_a_call_that_is_never_joined_is_apologised_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, _ultravox: Ultravox) -> None:
        await heard_in_time(call, asyncio.get_running_loop().time())

    call = called(tmp_path, monkeypatch, talk, hangs="request")
    assert call.agent_words == ["I am sorry."]
    assert "no connection within 2.5 s" in str(call.record.errors)


def test_an_answer_that_stops_in_the_middle_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, ultravox: Ultravox) -> None:
        ultravox.answers.append([*said(AGAIN), LISTENING])
        await speak(call)
        await ultravox.send(*said(OPEN))
        await call.until(lambda: call.speaking)
        await call.until(lambda: not call.speaking)
        await heard_in_time(call, asyncio.get_running_loop().time())

    call = called(tmp_path, monkeypatch, talk)
    assert codes(call) == ["realtime_stalled"]
    assert AGAIN in str(call.agent_words)


@pytest.mark.parametrize("code", [1000, 1011, None])
@pytest.mark.parametrize("moment", ["pause", "owed", "answer"])
def test_a_connection_that_ends_is_apologised_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, moment: str
) -> None:
    async def talk(call: QuickCall, ultravox: Ultravox) -> None:
        since = asyncio.get_running_loop().time()
        if moment != "pause":
            since = await speak(call)
        if moment == "answer":
            await ultravox.send(*said(OPEN))
            await call.until(lambda: call.speaking)
        await lose(ultravox.sockets[-1], code)
        if moment != "answer":
            await heard_in_time(call, since)
        await call.until(lambda: "I am sorry." in call.agent_words, LIMIT)

    call = called(tmp_path, monkeypatch, talk)
    assert call.record.errors
