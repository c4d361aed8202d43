"""Private names of Pipecat's services: these fail when one of them has moved."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import Any

import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import LLMFullResponseEndFrame
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService
from pipecat.services.openai.tts import VALID_VOICES, OpenAITTSService

from agentrun.http.bound_socket import bind
from agentrun.pipeline import pipecat_private, pushed_frames
from agentrun.pipeline.services import end_of_answer
from agentrun.pipeline.services.speech.sound import NoSpeechError


def voice(**settings: Any) -> OpenAITTSService:
    given = {"model": "gpt-4o-mini-tts", "voice": "coral", **settings}
    return OpenAITTSService(api_key="test", settings=OpenAITTSService.Settings(**given))


@pytest.mark.parametrize("service", [pipecat_private.StreamingSTT, OpenAIResponsesLLMService])
async def test_a_handshake_that_hangs_is_given_up(service: Any) -> None:
    """The pipeline starts from one service to the next: the greeting waits for it."""
    made, clock = service(api_key="test"), asyncio.get_running_loop().time
    pipecat_private.bound_connection(made)
    with contextlib.closing(bind("127.0.0.1", 0)) as deaf:
        deaf.listen()
        began = clock()
        with pytest.raises(TimeoutError, match="opening handshake"):
            await made._websocket_connect(uri=f"ws://127.0.0.1:{deaf.getsockname()[1]}/v1/realtime")
    assert clock() - began < 10, "websockets' own patience"


def test_the_client_of_a_speech_service_is_openai_s() -> None:
    assert isinstance(pipecat_private.speech_client(voice()), AsyncOpenAI)


def test_a_request_for_speech_has_what_the_service_was_told() -> None:
    wanted = pipecat_private.speech_request(voice(instructions="Speak slowly.", speed=0.8), "Hello.")
    assert wanted == {
        "input": "Hello.",
        "model": "gpt-4o-mini-tts",
        "voice": "coral",
        "response_format": "pcm",
        "instructions": "Speak slowly.",
        "speed": 0.8,
    }


def test_it_asks_for_what_pipecat_s_own_request_asks_for() -> None:
    """Should Pipecat ask for more, so should ``speech_request``."""
    source = inspect.getsource(OpenAITTSService.run_tts)
    for key in pipecat_private.speech_request(voice(instructions="Speak.", speed=1.1), "Hello."):
        assert f'"{key}"' in source, key
    assert "VALID_VOICES" in source
    assert "coral" in VALID_VOICES


def test_a_voice_that_is_not_there_is_told() -> None:
    with pytest.raises(NoSpeechError, match="'nobody' is not one of alloy"):
        pipecat_private.speech_request(voice(voice="nobody"), "Hello.")


@pytest.mark.parametrize(
    ("status", "details", "reason"),
    [
        ("completed", None, "completed"),
        ("incomplete", {"type": "incomplete", "reason": "content_filter"}, "incomplete (content_filter)"),
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}, "cancelled (turn_detected)"),
        (
            "failed",
            {"type": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow down."}},
            "failed (rate_limit_exceeded): Slow down.",
        ),
        ("failed", {"type": "failed", "error": {"type": "server_error"}}, "failed (server_error)"),
    ],
)
async def test_the_end_of_a_realtime_answer_says_how_it_ended(
    status: str, details: dict[str, Any] | None, reason: str
) -> None:
    service = OpenAIRealtimeLLMService(api_key="test")
    pipecat_private.note_ends(service)
    ends: list[str] = []
    pushed_frames.watch_pushed_frames(
        service, LLMFullResponseEndFrame, lambda frame: ends.append(end_of_answer.reason_of(frame, service))
    )
    response: Any = {"id": "resp_1", "object": "realtime.response", "status": status, "output": []}
    response |= {"status_details": details, "usage": None}
    event = events.ResponseDone(
        type="response.done", event_id="event_1", response=events.Response(**response)
    )
    service._current_assistant_response = None
    await service._handle_evt_response_done(event)
    assert ends == [reason]
