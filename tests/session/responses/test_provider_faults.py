"""Which errors end a call: those of what speaks and listens, and not of a message beside the sound."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import httpx
import openai
import pytest
from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from agentrun.session.responses.provider_faults import Faults, Verdict, described


def faults() -> Faults:
    return Faults(cast(Any, SimpleNamespace(llm=object(), stt=object(), tts=object())))


@pytest.mark.parametrize("words", ["Unable to send message: participant not found", "Unable to send DTMF: 7"])
async def test_a_message_that_a_line_could_not_send_is_no_end_of_its_sound(words: str) -> None:
    output = BaseOutputTransport(TransportParams())
    assert faults().judge(ErrorFrame(words, processor=output)) is Verdict.IGNORE
    broken = ErrorFrame("peer has stopped reading", processor=output, exception=TimeoutError())
    assert faults().judge(broken) is Verdict.GIVE_UP


async def test_a_page_s_message_that_is_no_good_ends_no_call() -> None:
    frame = ErrorFrame("Invalid message", processor=RTVIProcessor(), exception=ValueError("type"))
    assert faults().judge(frame) is Verdict.IGNORE


async def test_another_part_s_error_still_ends_it() -> None:
    assert faults().judge(ErrorFrame("broken", processor=FrameProcessor())) is Verdict.GIVE_UP


def refusal(status: int, body: object, llm: object) -> ErrorFrame:
    """What Pipecat tells of a model's provider that answers with ``status`` and the JSON ``body``."""
    response = httpx.Response(status, json=body, request=httpx.Request("POST", "http://127.0.0.1/v1/chat"))
    error = openai.AsyncOpenAI(api_key="test")._make_status_error_from_response(cast(Any, response))
    return ErrorFrame(f"Error during completion: {error}", processor=cast(Any, llm), exception=error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            [{"error": {"code": 400, "message": "Please ensure that", "status": "INVALID_ARGUMENT"}}],
            "Please ensure",
        ),
        (
            {"object": "error", "message": {"detail": [{"msg": "Extra inputs", "input": "Ada"}]}},
            "Extra inputs",
        ),
        (
            {"detail": [{"loc": ["body"], "msg": "Field required", "input": {"messages": "Ada"}}]},
            "Field required",
        ),
        ({"error": "llama runner process has terminated"}, "llama runner process has terminated"),
        ("upstream connect error", "upstream connect error"),
        ({"error": {"message": "Known already."}}, "Known already."),
    ],
)
def test_a_provider_s_words_stand_in_the_record_wherever_they_come(body: object, words: str) -> None:
    told = described(refusal(400, body, None))
    assert told.count(words) == 1
    assert "Ada" not in told, "what was said in the call is no part of it"


def test_a_page_is_not_taken_for_words() -> None:
    response = httpx.Response(
        502, html="<html>Bad</html>", request=httpx.Request("POST", "http://127.0.0.1/")
    )
    error = openai.AsyncOpenAI(api_key="test")._make_status_error_from_response(cast(Any, response))
    assert "html" not in described(ErrorFrame(f"Error during completion: {error}", exception=error))


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (400, {"error": {"message": "Failed to call a function.", "code": "tool_use_failed"}}, Verdict.RETRY),
        (413, {"error": {"message": "Request too large for model on tokens per minute"}}, Verdict.MEND),
        (400, [{"error": {"message": "The prompt is too long: 9000 tokens"}}], Verdict.MEND),
        (400, {"error": {"message": "Invalid value", "code": "content_filter"}}, Verdict.DROP_TURN),
    ],
)
def test_only_what_the_caller_said_is_asked_for_again(status: int, body: object, verdict: Verdict) -> None:
    judge = faults()
    assert judge.judge(refusal(status, body, judge.parts.llm)) is verdict
