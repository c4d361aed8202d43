"""What a realtime model is sent of a caller's sound: joined where it does not wait, or as it comes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.pipecat_private.realtime import telephone as telephone_realtime
from agentrun.transports import mulaw
from tests.calls.desk import HELLO, OPEN, QUESTION, open_desk


@pytest.mark.parametrize("pieces", ["joined", "single"])
async def test_a_spec_says_whether_the_caller_s_sound_is_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: str
) -> None:
    sent: list[int] = []
    send = telephone_realtime.send_at_once

    def noted(socket: Any, text: str) -> bool:
        sent.append(len(base64.b64decode(json.loads(text)["audio"])) // mulaw.FRAME_BYTES)
        return send(socket, text)

    monkeypatch.setattr(telephone_realtime, "send_at_once", noted)
    chosen = {"pipeline.realtime.audio_pieces": pieces}
    async with open_desk(tmp_path, [HELLO, OPEN], style="realtime", overrides=chosen) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert [entry.text for entry in record.transcript if entry.who == "agent"] == [HELLO.text, OPEN.text]
    assert ({1, 3, 5} <= set(sent) <= {1, 2, 3, 4, 5}) if pieces == "joined" else set(sent) == {1}
