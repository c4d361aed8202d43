"""A provider that can't be reached is named, with the next step."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, cast

import httpx
import openai
import pytest
from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline.part_progress import Part, PartProgress
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.plan.plan import ServicePlan
from agentrun.session.responses import error_words
from agentrun.session.responses.answer_state import AnswerState
from agentrun.testing import virtual_time


def refused(url: str, cause: BaseException) -> openai.APIConnectionError:
    """What the SDK raises: its own error, of httpx's, of the system's."""
    request: Any = httpx.Request("POST", url)
    between = httpx.ConnectError("All connection attempts failed", request=request)
    between.__cause__ = cause
    error = openai.APIConnectionError(request=request)
    error.__cause__ = between
    return error


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "its name is not known"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
        (
            ssl.SSLCertVerificationError(1, "[SSL] certificate verify failed"),
            "its certificate is not trusted",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_without_path_and_password(
    cause: BaseException, why: str
) -> None:
    error = refused("http://me:secret@127.0.0.1:99/v1/chat?key=secret", cause)
    assert error_words.unreachable(error).startswith(f"http://127.0.0.1:99 can't be reached: {why}")
    assert "secret" not in error_words.unreachable(error)


def test_what_is_said_of_the_call_names_part_address_and_next_step() -> None:
    llm = FrameProcessor()
    parts = cast(PipelineParts, PartsOf(llm))
    frame = ErrorFrame(
        "Connection error.", exception=refused("http://127.0.0.1:99/v1", OSError(111, "Refused"))
    )
    frame.processor = llm
    said = error_words.describe(frame, ErrorCategory.CONNECTIVITY, parts)
    assert said.startswith(
        "the language model (openai/gpt-4o at http://127.0.0.1:99) failed: "
        "http://127.0.0.1:99 can't be reached: refused; look at"
    )
    assert "OPENAI_BASE_URL" in said
    assert "agentrun doctor --live" in said


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (ErrorCategory.AUTHENTICATION, "check its API key"),
        (ErrorCategory.QUOTA, "billing"),
        (
            ErrorCategory.CONNECTIVITY,
            "OPENAI_BASE_URL",
        ),  # Pipecat's transcription tells without the exception
        (ErrorCategory.SERVER, "`fallback`"),
    ],
)
def test_another_failure_names_what_to_look_at(kind: ErrorCategory, step: str) -> None:
    llm = FrameProcessor()
    frame = ErrorFrame("refused")
    frame.processor = llm
    said = error_words.describe(frame, kind, cast(PipelineParts, PartsOf(llm)))
    assert said.startswith(
        f"the language model (openai/gpt-4o at http://127.0.0.1:99) failed ({kind.value}): ref"
    )
    assert step in said


def test_the_line_is_no_service_with_a_key_or_an_address() -> None:
    frame = ErrorFrame("the peer has stopped reading")
    frame.processor = FrameProcessor()
    said = error_words.describe(
        frame, ErrorCategory.CONNECTIVITY, cast(PipelineParts, PartsOf(FrameProcessor()))
    )
    assert said.endswith("failed (connectivity): the peer has stopped reading")


@pytest.mark.parametrize(
    ("state", "kind", "what"),
    [
        (
            AnswerState.FAILED,
            "llm_late",
            "; waited for the language model (openai/gpt-4o at http://127.0.0.1:99)",
        ),
        (AnswerState.STALLED, "llm_stalled", ", which last sent something 2.0 s ago"),
        (AnswerState.EMPTY, "llm_empty", "; the language model (openai/gpt-4o at http://127.0.0.1:99)"),
    ],
)
def test_an_answer_that_stayed_out_names_the_part_its_address_and_what_it_last_did(
    state: AnswerState, kind: str, what: str
) -> None:
    parts = PartsOf(FrameProcessor())

    async def wait() -> str:
        parts.progress.parts["llm"].take()
        if state is AnswerState.STALLED:
            parts.progress.parts["llm"].send()
        await asyncio.sleep(2)
        return error_words.awaited(state, "why", cast(PipelineParts, parts))

    said = virtual_time.run(wait())
    assert said.startswith(f"{kind}: why; ")
    assert what in said
    assert "secret" not in said


def test_without_a_part_that_has_work_the_answer_itself_is_late() -> None:
    parts = PartsOf(FrameProcessor())
    parts.progress.tools["1"] = "book"
    assert error_words.awaited(AnswerState.FAILED, "why", cast(PipelineParts, parts)) == (
        "answer_late: why; at work: book"
    )


def test_an_answer_of_the_server_is_not_called_unreachable() -> None:
    response: Any = httpx.Response(500, request=httpx.Request("POST", "http://127.0.0.1/v1"))
    assert error_words.unreachable(openai.InternalServerError("no", response=response, body=None)) == ""
    assert error_words.unreachable(FileNotFoundError("x")) == ""
    assert error_words.unreachable(None) == ""


class PartsOf:
    """The parts of a pipeline that has a language model alone."""

    def __init__(self, llm: FrameProcessor) -> None:
        self.llm, self.stt, self.tts = llm, None, None
        where = ServicePlan("llm", "openai", "gpt-4o", {}, base_url="http://me:secret@127.0.0.1:99/v1")
        self.progress = PartProgress({"llm": Part("llm", llm, (where,))})
