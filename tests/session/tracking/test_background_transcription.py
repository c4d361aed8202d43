"""What a model heard is written down beside the call: counted, and told of where it could not be."""

from __future__ import annotations

import asyncio
import io
import wave
from typing import Any

import httpx
import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan
from agentrun.records import CallRecord
from agentrun.session.tracking.background_transcription import BackgroundTranscription
from agentrun.session.tracking.transcript import Transcript

PLAN = ServicePlan("llm", "openai", "gpt-4o-audio-preview", {}, api_key="k", base_url="http://127.0.0.1:9/v1")


def sound(seconds: float) -> bytes:
    """Silence, as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(int(seconds * 8000) * 2))
    return file.getvalue()


class Server:
    """Answers each request with the next status; the last one stays."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests = 0

    def answer(self, _request: httpx.Request) -> httpx.Response:
        self.requests += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return httpx.Response(status, json={"text": "Hello."} if status == 200 else {"error": {}})


async def heard(server: Server, number: int) -> tuple[CallRecord, list[str], list[dict[str, Any]]]:
    """So many utterances of 1.5 s: the record, the words, and the messages of the model's context."""
    record, words = CallRecord("CA1", "desk", "local"), list[str]()
    messages: list[dict[str, Any]] = [{"role": "user", "content": ["sound"]} for _ in range(number)]
    async with httpx.AsyncClient(transport=httpx.MockTransport(server.answer)) as client:
        resources: Any = type("Shared", (Resources,), {"__init__": lambda *_: None, "http_client": client})()
        side = BackgroundTranscription(PLAN, resources, lambda text, _at: words.append(text), record)
        for message in messages:
            side.take(message, sound(1.5), 0.0)
            for task in list(side._tasks):
                await task
        await side.finish()
    return record, words, messages


async def test_what_was_written_down_counts_as_used() -> None:
    record, words, messages = await heard(Server(200), 2)
    assert words == ["Hello.", "Hello."]
    assert record.usage == {"stt openai/gpt-4o-mini-transcribe": {"seconds": 3.0}}
    assert [message["content"] for message in messages] == ["Hello.", "Hello."]
    assert record.errors == []


@pytest.mark.parametrize(("status", "kind"), [(404, "NotFoundError"), (401, "AuthenticationError")])
async def test_a_server_that_refuses_is_told_of_and_not_asked_again(status: int, kind: str) -> None:
    server = Server(status)
    record, words, messages = await heard(server, 3)
    said = "openai/gpt-4o-mini-transcribe gave no words of what the model heard"
    assert record.errors == [f"transcription_failed: {said}: {kind}"]
    assert (words, record.usage, server.requests) == (["", "", ""], {}, 1)
    assert messages[0]["content"] == ["sound"]


async def test_what_one_utterance_lacks_the_next_has() -> None:
    record, words, _ = await heard(Server(400, 200), 2)
    assert words == ["", "Hello."]
    assert [error.rpartition(": ")[2] for error in record.errors] == ["BadRequestError"]


async def test_what_the_end_of_the_call_cuts_off_is_told_of_and_counted() -> None:
    record, words = CallRecord("CA1", "desk", "local"), list[str]()

    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(15)
        return httpx.Response(200, json={"text": "Hello."})

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        resources: Any = type("Shared", (Resources,), {"__init__": lambda *_: None, "http_client": client})()
        side = BackgroundTranscription(PLAN, resources, lambda text, _at: words.append(text), record)
        side.take({"role": "user", "content": ["sound"]}, sound(1.5), 0.0)
        await asyncio.sleep(0.1)
        await side.finish()
    assert words == []
    assert record.errors == [
        "transcription_cancelled: openai/gpt-4o-mini-transcribe gave no words of what the model heard: "
        "the call ended before"
    ]
    assert record.usage == {"stt openai/gpt-4o-mini-transcribe": {"seconds": 1.5}}


async def test_the_end_of_the_call_does_not_wait_for_a_connection_that_will_not_close() -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(20)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        resources: Any = type("Shared", (Resources,), {"__init__": lambda *_: None, "http_client": client})()
        side = BackgroundTranscription(PLAN, resources, lambda *_: None, CallRecord("CA1", "desk", "local"))
        side.take({"role": "user", "content": ["sound"]}, sound(1.5), 0.0)
        clock = asyncio.get_running_loop().time
        began = clock()
        await side.finish()
        assert clock() - began < 6
        for task in list(side._tasks):
            task.cancel()


@pytest.mark.parametrize("status", [404, 500])
async def test_steps_do_not_wait_for_words_that_will_not_come(status: int) -> None:
    record, told = CallRecord("CA1", "desk", "local"), list[str]()
    transcript = Transcript(record, record.elapsed)
    transcript.on_caller, transcript.on_noise = (lambda: told.append("words")), (lambda: told.append("none"))
    async with httpx.AsyncClient(transport=httpx.MockTransport(Server(status).answer)) as client:
        resources: Any = type("Shared", (Resources,), {"__init__": lambda *_: None, "http_client": client})()
        side = BackgroundTranscription(PLAN, resources, transcript.caller, record)
        for _ in range(2):
            side.take({"role": "user", "content": ["sound"]}, sound(1.5), 0.0)
            await asyncio.gather(*side._tasks)
    assert told == ["none", "none"]
    assert (record.transcript, record.dropped) == ([], [])


async def test_steps_do_not_wait_for_a_cough() -> None:
    told = list[str]()
    record = CallRecord("CA1", "desk", "local")
    transcript = Transcript(record, record.elapsed)
    transcript.on_noise = lambda: told.append("none")
    transcript.caller("", 0.0)
    assert (told, record.transcript, record.dropped) == (["none"], [], [])
