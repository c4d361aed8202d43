"""A service that fails in mid call: another one answers the same words of the caller."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentrun.pipeline.failover import recovery
from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault, Route
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, listen, open_hasty_desk

END_SECONDS = 10.0
CUT_AFTER = {"chat": 3, "responses-http": 3, "responses": 0, "streaming": 1}
"""Events, of the answer or, on a socket, of the client's."""
NEVER = 10**9
PARTS: dict[str, tuple[str, Route, dict[str, str]]] = {
    "chat": ("llm", "chat", {}),
    "responses-http": ("llm", "responses", {"api": "responses-http"}),
    "responses": ("llm", "responses", {"api": "responses"}),
    "transcriptions": ("stt", "transcriptions", {}),
    "streaming": ("stt", "realtime", {"streaming": "true"}),
    "speech": ("tts", "speech", {}),
}
FAULTS = {
    "401": Fault("status", 401),
    "429": Fault("status", 429),
    "500": Fault("status", 500),
    "refused": Fault("refuse"),
    "hanging": Fault("hang"),
    "cut": Fault("cut", after=4800),
}
TABLE = [(service, trouble) for service in PARTS for trouble in FAULTS]


@dataclass
class Two:
    """A desk whose services have a fallback at a second mock server."""

    desk: Desk
    other: OpenAIServer
    brain: ScriptedBrain
    voice: ToneVoice
    hearing: ScriptedHearing


def fault(trouble: str, service: str) -> Fault:
    """A fresh one; an answer of few words is cut after its first, a socket as soon as it is asked."""
    made = FAULTS[trouble]
    return Fault(made.kind, made.status, after=CUT_AFTER.get(service, made.after))


@contextlib.asynccontextmanager
async def two(
    tmp_path: Path,
    service: str,
    answers: list[Answer],
    others: list[Answer],
    overrides: Mapping[str, str] | None = None,
    heard: Sequence[str] = ("When are you open?",),
) -> AsyncIterator[Two]:
    """``answers`` are the first model's, ``others`` those of the fallback."""
    part, _, settings = PARTS[service]
    hearing, voice, brain = ScriptedHearing(["When are you open?"]), ToneVoice(), ScriptedBrain(others)
    async with OpenAIServer(hearing, voice, brain) as other:
        given = {f"pipeline.{part}.{key}": value for key, value in settings.items()}
        given[f"pipeline.{part}.attempt_timeout"] = "1500ms"
        given[f"pipeline.{part}.fallback"] = f'{{model: openai/other, base_url: "{other.base_url}"}}'
        async with open_hasty_desk(
            tmp_path, answers, heard=heard, overrides=given | dict(overrides or {})
        ) as desk:
            yield Two(desk, other, brain, voice, hearing)


def kill(desk: Desk, service: str, trouble: str) -> None:
    """From now on nothing works; a socket that is open is dropped first."""
    route = PARTS[service][1]
    open_socket = desk.openai.conditions.faults.get(route)
    if open_socket:
        open_socket.after = 0
    desk.openai.conditions.faults[route] = fault(trouble, service)


def arm(desk: Desk, service: str) -> None:
    """Have the socket of the call that comes be one that can be dropped."""
    if service in ("streaming", "responses"):
        desk.openai.conditions.faults[PARTS[service][1]] = Fault("drop", times=1, after=NEVER)


async def ask(call: PhoneCall, *, again: bool) -> None:
    """Ask, a second time if the agent may have asked for that."""
    call.speak(QUESTION)
    await listen(call)
    if again and call.ended_by is None:
        call.speak(QUESTION)
        await listen(call)


@pytest.mark.parametrize(("service", "trouble"), TABLE)
async def test_a_fallback_answers_in_the_same_turn(tmp_path: Path, service: str, trouble: str) -> None:
    part = PARTS[service][0]
    answers = [HELLO, OPEN] if part != "llm" else [HELLO, Answer("We are open from six to eleven, or so.")]
    async with two(tmp_path, service, answers, [OPEN]) as both:
        desk = both.desk
        arm(desk, service)
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            kill(desk, service, trouble)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    said = [(entry.who, entry.text) for entry in record.transcript]
    assert said[-2:] == [("caller", "When are you open?"), ("agent", OPEN.text)]
    assert [(one.part, one.service) for one in record.failovers] == [(part, "openai/other")]
    assert record.errors
    assert record.ended_by == "caller"


@pytest.mark.parametrize(("service", "trouble"), TABLE)
async def test_without_a_fallback_the_caller_hears_an_apology(
    tmp_path: Path, service: str, trouble: str
) -> None:
    part, _, settings = PARTS[service]
    overrides = {f"pipeline.{part}.{key}": value for key, value in settings.items()}
    answers = [HELLO, *[Answer("We are open from six to eleven. " * 4)] * 3]
    async with open_hasty_desk(tmp_path, answers, overrides=overrides) as desk:
        arm(desk, service)
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            kill(desk, service, trouble)
            since = call.timeline.seconds
            await ask(call, again=part == "stt")
            await call.until(lambda: call.ended_by is not None, call.timeline.seconds + END_SECONDS)
            assert call.timeline.first_sound(since) is not None, "the caller was left in silence"
            assert call.ended_by is not None, "the call did not end"
        record = await desk.finished(call)
    assert record.ended_by == "error"
    assert record.transcript[-1].text == "I am sorry, goodbye."


@pytest.mark.parametrize("service", ["chat", "transcriptions", "speech"])
async def test_when_the_fallback_fails_too_the_caller_hears_an_apology(tmp_path: Path, service: str) -> None:
    answers = [HELLO, *[OPEN] * 3]
    async with two(tmp_path, service, answers, [OPEN]) as both:
        desk = both.desk
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            kill(desk, service, "500")
            both.other.conditions.faults[PARTS[service][1]] = fault("500", service)
            since = call.timeline.seconds
            call.speak(QUESTION)
            await call.until(lambda: call.ended_by is not None, since + END_SECONDS)
            assert call.timeline.first_sound(since) is not None, "the caller was left in silence"
            assert call.ended_by is not None, "the call did not end"
        record = await desk.finished(call)
    assert record.ended_by == "error"
    assert " failed (" in record.reason
    assert record.transcript[-1].text == "I am sorry, goodbye."


async def test_the_first_service_is_gone_back_to_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "COOL_DOWN_SECONDS", 0.2)
    heard = ("When are you open?", "And on Sundays?")
    async with two(tmp_path, "chat", [HELLO, Answer("On Sundays too.")], [OPEN], heard=heard) as both:
        desk = both.desk
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            kill(desk, "chat", "500")
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
            del desk.openai.conditions.faults["chat"]
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert [e.text for e in record.transcript if e.who == "agent"] == [
        HELLO.text,
        OPEN.text,
        "On Sundays too.",
    ]
    first, back = record.failovers
    assert (first.instead_of, first.service) == ("openai/gpt-4o", "openai/other")
    assert (back.instead_of, back.service, back.error) == ("openai/other", "openai/gpt-4o", "")


async def test_a_fallback_may_be_another_providers(tmp_path: Path) -> None:
    async with OpenAIServer(ScriptedHearing([]), ToneVoice(), ScriptedBrain([OPEN])) as other:
        given = {"pipeline.llm.fallback": f'{{model: ollama/llama3.2, base_url: "{other.base_url}"}}'}
        async with open_hasty_desk(tmp_path, [HELLO], overrides=given) as desk:
            async with desk.caller.call(desk.url) as call:
                await call.hear_greeting()
                kill(desk, "chat", "500")
                await call.say(QUESTION)
                await call.hear_answer(silence=0.8)
            record = await desk.finished(call)
    assert [one.service for one in record.failovers] == ["ollama/llama3.2"]
    assert record.transcript[-1].text == OPEN.text
