"""A realtime server that is gone without a word: nothing comes from it, and its socket stays open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.services.openai.realtime import llm as pipecat_realtime

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses.realtime import second_opinion
from agentrun.session.responses.realtime.judgement import Judgement, judged
from agentrun.session.responses.realtime.unasked_answer import SPEAK_UP
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.quick import LOUD, SILENCE, QuickCall, played, quick_call

OFF, OPEN = Answer("We were cut off."), Answer("We are open from six to eleven.")
VOID = Answer("Nobody hears this.")
LONG = Answer(" ".join(["We are open from six to eleven."] * 6))
LIMIT = 8.0 + 4.0


class Line:
    """The sockets that the model was connected over; ``cut`` lets nothing more come from the last one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sockets: list[Any] = []
        module: Any = pipecat_realtime
        connect = module.websocket_connect

        async def connect_and_keep(**address: Any) -> Any:
            self.sockets.append(await connect(**address))
            return self.sockets[-1]

        monkeypatch.setattr(module, "websocket_connect", connect_and_keep)

    def cut(self) -> None:
        self.sockets[-1].transport.pause_reading()


@pytest.mark.parametrize("moment", ["pause", "answer"])
def test_a_caller_is_answered_although_the_server_is_gone_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    line = Line(monkeypatch)

    async def talk() -> QuickCall:
        # the server that is gone still hears, and answers into the void
        answers = [VOID, OFF, OPEN] if moment == "pause" else [LONG, VOID, OFF, OPEN]
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [], answers, resources=resources) as call,
        ):
            monkeypatch.setattr("agentrun.session.responses.realtime.unheard_caller.SPEECH_SECONDS", 0.25)
            second_opinion: Any = call.session.parts.opinion.is_unheard
            second_opinion.__self__._missed = Judgement(lambda _sound: judged(True))
            if moment == "answer":
                await call.say("When?")
                await call.until(lambda: call.speaking)
            line.cut()
            asked = asyncio.get_running_loop().time()
            await call.transport.hear(LOUD + SILENCE)
            await call.said(OFF.text)
            assert asyncio.get_running_loop().time() - asked < LIMIT
            await call.say("When are you open?")
            await call.said(OPEN.text)
            return call

    call = virtual_time.run(talk())
    assert [error.partition(":")[0] for error in call.record.errors] == ["realtime_lost"]


def test_a_caller_who_is_too_quiet_for_the_server_is_asked_to_speak_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: lambda _sound: True)
    quiet = (np.frombuffer(LOUD, "<i2") // 40).tobytes()

    async def talk(call: QuickCall) -> None:
        await call.play(bytes(2 * 32_000))
        await call.play(quiet + bytes(4 * 32_000), lambda: call.speaking)
        await call.said(OFF.text)
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = played(tmp_path, "realtime", [], [OFF, OPEN], talk)
    assert call.agent_words == ["Hello.", OFF.text, OPEN.text]
    assert SPEAK_UP in str(call.brain.asked)
    assert [error.partition(":")[0] for error in call.record.errors] == ["quiet_caller"]


def test_a_caller_who_is_not_listened_to_is_not_taken_for_unheard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: lambda _sound: True)

    async def talk(call: QuickCall) -> None:
        await call.session.leave_message(LONG.text, "the server stops")
        await call.until(lambda: call.speaking)
        await call.play(LOUD * 3)
        await call.play(bytes(40 * 32_000), lambda: call.record.ended)

    call = played(tmp_path, "realtime", [], [LONG], talk, telephone=True)
    assert (call.agent_words, call.record.errors) == (["Hello.", LONG.text], [])


def test_a_caller_who_hangs_up_then_is_not_held_on_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, ended = Line(monkeypatch), list[float]()

    async def talk() -> None:
        clock = asyncio.get_running_loop().time
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [], [], resources=resources),
        ):
            line.cut()
            ended.append(clock())
        ended.append(clock())

    virtual_time.run(talk())
    assert ended[1] - ended[0] < 3.0
