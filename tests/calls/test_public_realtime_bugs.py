"""Bugs that users of realtime models have reported of other software: each as a call.

The reports are named by repository and number; what they tell is told in our words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.quick import LOUD, QuickCall, Talk, calls, played, quick_call
from tests.calls.realtime_server import Event, Server, hours

LONG = Answer(" ".join(["We are open from six to eleven."] * 5))
OPEN, TABLE = Answer("We are open from six to eleven."), Answer("A table for two.")


def called(
    folder: Path,
    answers: list[Answer],
    talk: Talk,
    ran: list[Mapping[str, Any]] | None = None,
    **options: Any,
) -> QuickCall:
    """A call over a realtime model, which has a tool."""
    return played(folder, "realtime", [hours(1.0, ran)], answers, talk, apology=LOUD * 2, **options)


async def interrupt(call: QuickCall) -> None:
    """Ask, and speak over the answer."""
    await call.say("When are you open?")
    await call.until(lambda: call.speaking)
    await asyncio.sleep(1.0)
    await call.say("A table.")
    await call.said(TABLE.text)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        # pipecat 1963, 2106 and 3677, twilio-samples 22 and 45 (speech-assistant-openai-realtime-api-python)
        ("invalid_value", "Audio content of 2650ms is already shorter than 9100ms"),
        (None, "Audio content of 13600ms is already shorter than 55960ms"),
        # livekit/agents 6157
        ("unsupported_content_type", "Only model output audio messages can be truncated"),
        # pipecat 1963, the other one
        ("server_error", "The server had an error while processing your request."),
    ],
)
def test_a_truncation_that_is_refused_silences_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None, message: str
) -> None:
    server = Server(monkeypatch)
    server.refused["conversation.item.truncate"] = code, message
    call = called(tmp_path, [LONG, TABLE], interrupt)
    assert "conversation.item.truncate" in server.kinds()
    assert call.record.errors == [f"refused_event: {code or 'invalid_request_error'}: {message}"]


def test_an_answer_that_is_asked_for_while_one_is_made_is_given_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """openai/openai-agents-python 1466: "Conversation already has an active response in progress"."""
    Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.until(lambda: call.speaking)
        await call.press("1")
        await call.said(TABLE.text)

    call = called(tmp_path, [LONG, TABLE], talk, turns="keys: {menu: {1: A table}}")
    assert call.record.errors == []


def test_a_response_that_speaks_and_calls_is_answered_once(tmp_path: Path) -> None:
    """livekit/agents 6411 and 2223: words and a call in one response make two answers, or two results."""
    ran: list[Mapping[str, Any]] = []

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.said(OPEN.text)
        await asyncio.sleep(3)

    both = Answer("One moment.", (ToolCall("hours", {}),))
    call = called(tmp_path, [both, OPEN, TABLE], talk, ran)
    assert call.agent_words == ["Hello.", "One moment.", OPEN.text]
    assert len(ran) == 1


def item_under_another_id(kind: str, fields: dict[str, Any]) -> list[Event]:
    item = fields.get("item") or {}
    if kind.endswith(".done") and item.get("type") == "function_call":
        return [(kind, {**fields, "item": {**item, "id": "another"}})]
    return [(kind, fields)]


def call_told_again(kind: str, fields: dict[str, Any]) -> list[Event]:
    return [(kind, fields)] * (2 if "function_call" in kind or "item" in kind else 1)


def call_with_no_arguments_at_the_end(kind: str, fields: dict[str, Any]) -> list[Event]:
    output = (fields.get("response") or {}).get("output") or []
    again = [{**item, "arguments": ""} for item in output if item.get("type") == "function_call"]
    return [(kind, {"response": {**fields["response"], "output": again}})] if again else [(kind, fields)]


@pytest.mark.parametrize(
    "change", [item_under_another_id, call_told_again, call_with_no_arguments_at_the_end]
)
def test_one_call_runs_once_however_often_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    """NousResearch/hermes-agent 94961, mastra-ai/mastra 22969, microsoft/agent-framework 7485."""
    Server(monkeypatch).change = change
    ran: list[Mapping[str, Any]] = []

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.said(OPEN.text)
        await asyncio.sleep(3)

    call = called(tmp_path, [calls("hours"), OPEN, TABLE], talk, ran)
    assert ran == [{}]
    assert call.agent_words == ["Hello.", OPEN.text]


@pytest.mark.parametrize("moment", ["pause", "answer", "tool"])
def test_a_caller_who_hangs_up_leaves_no_socket_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """twilio-samples 10 (the model's socket outlived the call), pipecat 3179 (the pipeline did)."""
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        if moment != "pause":
            await call.say("When are you open?")
            await call.until(lambda: call.speaking if moment == "answer" else len(call.brain.asked) > 1)

    began: list[float] = []

    async def run() -> None:
        clock = asyncio.get_running_loop().time
        async with Resources() as resources:
            async with quick_call(
                tmp_path,
                "realtime",
                [hours(20.0)],
                [calls("hours")] if moment == "tool" else [LONG],
                resources=resources,
            ) as call:
                await talk(call)
                began.append(clock())
            began.append(clock())

    virtual_time.run(run())
    assert began[1] - began[0] < 1.5
    assert server.closed == 1


def test_a_session_of_60_minutes_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pollen-robotics/reachy_mini_conversation_app 134: closed with 1001 at "60 minutes"."""
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.closes.append(1001)
        await call.transport.hear(bytes(640))
        await call.said("We were cut off.")
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = called(tmp_path, [Answer("We were cut off."), OPEN], talk)
    assert [error.partition(":")[0] for error in call.record.errors] == ["realtime_lost"]


@pytest.mark.parametrize(("times", "heard"), [(1, OPEN.text), (9, "I am sorry.")])
def test_a_response_that_fails_is_asked_for_again_and_then_apologised_for(
    tmp_path: Path, times: int, heard: str
) -> None:
    """livekit/agents 1972 and 2967: a failed response (rate limit, server error) left the agent silent."""

    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["responses"] = Fault("status", times=times)
        await call.say("When are you open?")
        await call.until(lambda: heard in str(call.agent_words), 15)

    call = called(tmp_path, [OPEN] * 9, talk)
    assert "rate_limit_exceeded" in str(call.record.errors)


def test_a_response_that_never_comes_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """livekit/agents 2552, 3560 and 6224: "generate_reply timed out", and the conversation was dead."""

    async def talk(call: QuickCall) -> None:
        call.openai.conditions.faults["responses"] = Fault("hang")
        await call.say("When are you open?")
        await call.until(lambda: "I am sorry." in str(call.agent_words), 12)

    call = called(tmp_path, [OPEN] * 9, talk)
    assert call.record.ended_by == "error"
    assert call.record.errors[0].startswith("realtime_late: ")


def test_a_tool_s_result_is_answered(tmp_path: Path) -> None:
    """pipecat 917: the agent fell silent after each call of a tool, until it was spoken to."""

    async def talk(call: QuickCall) -> None:
        await call.say("When are you open?")
        await call.said(OPEN.text)
        await call.say("And now?")
        await call.said(TABLE.text)

    call = called(tmp_path, [calls("hours"), OPEN, calls("hours"), TABLE], talk)
    assert call.record.errors == []


def test_a_result_that_is_refused_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that the server does not take leaves no caller waiting."""
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        server.refused["conversation.item.create"] = "invalid_tool_call_id", "Tool call ID not found."
        await call.say("When are you open?")
        await call.said(OPEN.text)

    call = called(tmp_path, [calls("hours"), OPEN], talk)
    assert call.record.errors == ["refused_event: invalid_tool_call_id: Tool call ID not found."]
