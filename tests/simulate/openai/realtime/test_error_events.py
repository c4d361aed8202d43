"""Error events of sockets name the part that is wrong, and the client's event that it was in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.simulate.openai.standing import Standing, standing
from tests.simulate.openai.talking import talking

MISSING, VALUE, TYPE = "missing_required_parameter", "invalid_value", "invalid_type"
REALTIME, RESPONSES = "/v1/realtime?model=gpt-realtime", "/v1/responses"
TRANSCRIPTION = "/v1/realtime?intent=transcription"
MESSAGE = {"type": "message", "content": [{"type": "input_text", "text": "Hi"}]}


@pytest.fixture
async def it() -> AsyncIterator[Standing]:
    async with standing() as made:
        yield made


def update(**session: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": session}


@pytest.mark.parametrize(
    ("path", "event", "param", "code"),
    [
        (REALTIME, {"type": "session.update"}, "session", MISSING),
        (REALTIME, update(tools=[{"type": "function"}]), "session.tools[0].name", MISSING),
        (REALTIME, update(audio={"output": {"voice": "aloy"}}), "session.audio.output.voice", VALUE),
        (REALTIME, update(audio={"output": {"format": "mp3"}}), "session.audio.output.format", VALUE),
        (REALTIME, update(audio={"input": 7}), "session.audio.input", TYPE),
        (
            REALTIME,
            update(audio={"input": {"turn_detection": {"type": "x"}}}),
            "session.audio.input.turn_detection",
            VALUE,
        ),
        (REALTIME, {"type": "conversation.item.create", "item": MESSAGE}, "item.role", MISSING),
        (REALTIME, {"type": "conversation.item.create", "item": {"type": "x"}}, "item.type", VALUE),
        (REALTIME, {"type": "input_audio_buffer.append", "audio": "?"}, "audio", VALUE),
        (REALTIME, {"type": "response.crate"}, "type", "unknown_event"),
        (
            TRANSCRIPTION,
            update(audio={"input": {"transcription": {"model": "gpt-4o-transcibe"}}}),
            "session.audio.input.transcription.model",
            VALUE,
        ),
        (TRANSCRIPTION, {"type": "response.create"}, "type", "unknown_event"),
    ],
)
async def test_the_wrong_part_is_named(
    it: Standing, path: str, event: dict[str, Any], param: str, code: str
) -> None:
    async with talking(it.server, path) as talk:
        await talk.socket.send(json.dumps({**event, "event_id": "mine"}))
        error = (await talk.until("error"))["error"]
    assert (error["param"], error["code"], error["event_id"]) == (param, code, "mine")


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"input": 7}, "input", TYPE),
        ({"input": "Hi", "tools": [{}]}, "tools[0].name", MISSING),
        ({"input": "Hi", "previous_response_id": "x"}, "previous_response_id", "previous_response_not_found"),
        ({"input": "Hi", "model": "gpt-4o-mni"}, None, "model_not_found"),
    ],
)
async def test_what_is_wrong_with_a_response_is_named(
    it: Standing, more: dict[str, Any], param: str | None, code: str
) -> None:
    async with talking(it.server, RESPONSES) as talk:
        await talk.send("response.create", **more)
        event = await talk.until("error")
    assert (event["error"]["param"], event["error"]["code"]) == (param, code)
    assert event["status"] == (404 if code == "model_not_found" else 400)


async def test_a_socket_of_a_misspelt_model_is_closed_with_the_reason(it: Standing) -> None:
    async with talking(it.server, "/v1/realtime?model=gpt-realtme") as talk:
        assert (await talk.until("error"))["error"]["code"] == "model_not_found"
        with pytest.raises(ConnectionClosed) as closed:
            await talk.next()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        4000,
        "invalid_request_error.model_not_found",
    )
