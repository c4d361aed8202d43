"""Each request to a language model is told once: how long it took, what it used, what was wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from pipecat.frames.frames import ErrorFrame, FunctionCallsStartedFrame, LLMFullResponseEndFrame
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services import end_of_answer, model_requests, structured_answer
from agentrun.pipeline.services.model_requests import Model, ModelRequests, TokenType
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault, Route
from agentrun.testing import virtual_time
from tests.calls.quick import calls, quick_call
from tests.calls.realtime_server import hours

OPEN = Answer("We open at six.")
CHAT = Model("openai", "gpt-4o")
REALTIME = Model("openai", "gpt-4o-realtime-preview")


class Counted:
    """What a watcher was told."""

    def __init__(self) -> None:
        self.requests: list[tuple[Model, float, str]] = []
        self.tokens: dict[TokenType, float] = {}

    def took(self, model: Model, seconds: float, error: str) -> None:
        self.requests.append((model, seconds, error))

    def used(self, model: Model, kind: TokenType, tokens: float) -> None:
        assert model == CHAT
        self.tokens[kind] = self.tokens.get(kind, 0.0) + tokens


def asked(
    folder: Path,
    style: str,
    fault: Fault | None = None,
    *,
    slow: float = 0.0,
    answers: Sequence[Answer] = (OPEN,),
) -> Counted:
    """What was counted of one question of a caller; ``slow`` is the model's, in seconds."""
    counted = Counted()
    route: Route = "chat" if style == "cascaded" else "realtime"

    async def run() -> None:
        async with Resources() as resources:
            resources.model_watcher = counted
            given = [*answers, *[OPEN] * 3]
            async with quick_call(folder, style, [hours(1.0)], given, resources=resources) as call:
                greetings = len(counted.requests)
                if fault:
                    call.openai.conditions.faults[route] = fault
                call.openai.conditions.latency[route] = slow
                await call.say("When do you open?")
                await call.until(lambda: len(counted.requests) >= greetings + len(answers))
                del counted.requests[:greetings]

    virtual_time.run(run())
    return counted


def test_a_request_is_told_with_its_time_and_its_tokens(tmp_path: Path) -> None:
    counted = asked(tmp_path, "cascaded", slow=1.5)
    [(model, seconds, error)] = counted.requests
    # what comes over a socket takes its time on any clock
    assert (model, error) == (CHAT, "")
    assert 1.5 <= seconds < 4
    assert set(counted.tokens) == {"input", "output"}
    assert counted.tokens["input"] > counted.tokens["output"] > 0


def test_a_realtime_response_is_one_request_also_when_it_only_calls_a_tool(tmp_path: Path) -> None:
    requests = asked(tmp_path, "realtime", answers=[calls("hours"), OPEN]).requests
    assert [(model, error) for model, _, error in requests] == [(REALTIME, "")] * 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", 400, times=1), "400"),
        (Fault("status", 401), "401"),
        (Fault("hang"), model_requests.NO_RESPONSE),
    ],
    ids=["refused", "key", "hangs"],
)
def test_a_request_that_failed_says_how(tmp_path: Path, fault: Fault, error: str) -> None:
    assert asked(tmp_path, "cascaded", fault).requests[0][2] == error


@pytest.mark.parametrize(("reason", "error"), [("completed", ""), ("failed (server_error)", "_OTHER")])
async def test_an_error_event_beside_a_realtime_response_that_goes_on_is_not_its_own(
    monkeypatch: pytest.MonkeyPatch, reason: str, error: str
) -> None:
    events = SimpleNamespace(responded_at=asyncio.get_running_loop().time())
    monkeypatch.setattr(pipecat_private, "session_events", lambda _: events)
    monkeypatch.setattr(pipecat_private, "speaks_like_openai", lambda _: True)
    monkeypatch.setattr(pipecat_private, "settings_of", lambda _: SimpleNamespace(model="m"))
    counted, service = Counted(), FrameProcessor()
    ModelRequests(service, ServicePlan("realtime", "openai", "m", {}), counted)
    refused, calling = ErrorFrame("refused"), FunctionCallsStartedFrame([])
    refused.processor = service
    end_of_answer.note(service, reason)
    for frame in (refused, calling, LLMFullResponseEndFrame()):
        await service.push_frame(frame)
    [(_, _, told)] = counted.requests
    assert told == error


async def test_a_question_beside_the_conversation_is_told_too() -> None:
    counted = Counted()
    plan = ServicePlan("llm", "openai", "gpt-4o", {}, "test", "http://127.0.0.1:9/v1")
    async with Resources() as resources:
        resources.model_watcher = counted
        with pytest.raises(structured_answer.NoAnswerError):
            await structured_answer.ask(plan, "Read.", "Caller: Hello.", {"type": "object"}, resources)
    [(model, _, error)] = counted.requests
    assert (model, error) == (CHAT, "APIConnectionError")
