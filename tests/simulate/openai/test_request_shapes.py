"""Requests of the wrong shape, and sound files of any length: the client's mistakes, told as such."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from agentrun.simulate.engines.scripted import ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.openai.sound_files import MOST_FILE_BYTES
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from tests.simulate.openai.standing import standing

ODD: tuple[Any, ...] = (None, 1, "x", True, [], {}, [1], ["x"], [[]], [None], {"a": 1})
HI = [{"role": "user", "content": "Hi"}]


def chats(odd: Any) -> Iterator[dict[str, Any]]:
    """Bodies for ``/v1/chat/completions`` with ``odd`` in each place that is read."""
    yield {"messages": odd}
    yield {"messages": [odd]}
    for name in ("content", "role", "tool_calls", "name", "tool_call_id"):
        roles = ("user", "assistant", "tool")
        yield {"messages": [{"role": role, "content": "a", name: odd} for role in roles]}
    for part in (
        odd,
        {"type": odd},
        {"type": "text", "text": odd},
        {"type": "input_audio", "input_audio": odd},
    ):
        yield {"messages": [{"role": "user", "content": [part]}]}
    for name in ("tools", "response_format", "stream_options", "model", "tool_choice", "n"):
        yield {"messages": HI, name: odd}
    for function in (odd, {"name": odd}, {"name": "find", "parameters": odd}):
        yield {"messages": HI, "tools": [{"type": "function", "function": function}]}
    for schema in schemas(odd):
        yield {"messages": HI, "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}


def schemas(odd: Any) -> Iterator[Any]:
    """JSON Schemas with ``odd`` in each place that is read."""
    yield odd
    yield {"properties": odd}
    for name in ("type", "properties", "items", "enum", "anyOf", "oneOf", "minItems", "minimum", "$ref"):
        yield {"properties": {"a": {"type": "array", "minItems": 1, name: odd}}}
        yield {"properties": {"a": {"type": "integer", name: odd}}}


def responses(odd: Any) -> Iterator[dict[str, Any]]:
    """Bodies for ``/v1/responses`` with ``odd`` in each place that is read."""
    for name in ("input", "tools", "text", "instructions", "model"):
        yield {"input": "Hi", name: odd}
    yield {"input": "Hi", "text": {"format": odd}}
    for schema in schemas(odd):
        yield {"input": "Hi", "text": {"format": {"type": "json_schema", "schema": schema}}}
    yield {"input": "Hi", "tools": [{"type": "function", "name": odd, "parameters": odd}]}
    for name in ("type", "role", "content"):
        yield {"input": [{"type": "message", "role": "user", "content": "Hi", name: odd}]}
    yield {"input": [{"role": "user", "content": [odd]}]}
    for name in ("arguments", "name", "call_id"):
        yield {"input": [{"type": "function_call", "call_id": "1", "name": "find", name: odd}]}
    yield {"input": [{"type": "function_call_output", "call_id": "1", "output": odd}]}


def others(odd: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same for the routes of speech, embeddings and client secrets."""
    for name in ("input", "voice", "model", "response_format", "speed", "stream_format"):
        yield "/audio/speech", {"input": "Hi", name: odd}
    for name in ("input", "model", "dimensions", "encoding_format"):
        yield "/embeddings", {"input": "Hi", name: odd}
    for name in ("type", "audio", "tools", "instructions", "output_modalities"):
        for kind in ("realtime", "transcription"):
            yield "/realtime/client_secrets", {"session": {"type": kind, name: odd}}
    sound = {"input": {"turn_detection": odd, "format": odd}, "output": odd}
    yield "/realtime/client_secrets", {"session": {"type": "realtime", "audio": sound}}
    yield "/realtime/client_secrets", {"session": odd, "expires_after": odd}


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_part_of_another_shape_is_answered_or_refused(odd: Any, stream: bool) -> None:
    asked = [("/chat/completions", body) for body in chats(odd)]
    asked += [("/responses", body) for body in responses(odd)]
    asked = [(path, {**body, "stream": stream}) for path, body in asked] + list(others(odd))
    async with (
        OpenAIServer(ScriptedHearing(["Hi"]), ToneVoice(), Rehearsal([])) as server,
        httpx.AsyncClient(base_url=server.base_url, headers={"authorization": "Bearer any"}) as client,
    ):
        for path, body in asked:
            answer = await client.post(path, json=body)
            assert answer.status_code in (200, 400), (path, body)
            if answer.status_code == 400:
                assert answer.json()["error"]["type"] == "invalid_request_error", (path, body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": []}, "messages: List should have at least 1 item"),
        (
            {"messages": [{"role": "user", "content": 7}]},
            "messages.0.content: Input should be a valid string",
        ),
        ({"messages": HI, "tools": [{"type": "function"}]}, "tools.0.function: Field required"),
    ],
)
async def test_a_wrong_part_is_named(body: dict[str, Any], words: str) -> None:
    async with standing() as it:
        url, headers = f"{it.server.base_url}/chat/completions", {"authorization": "Bearer any"}
        async with httpx.AsyncClient(headers=headers) as client:
            answer = await client.post(url, json=body)
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (400, True)


def sound(samples: int, rate: int, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(samples, np.int16), rate, format=kind)
    return file.getvalue()


def aac(seconds: int) -> bytes:
    """Silence that only FFmpeg reads, which says nowhere how long it is."""
    from agentrun.simulate.openai.sound_encoding import encoder

    encode = encoder("aac")
    pieces = [encode.add(bytes(48_000)) for _ in range(seconds)]
    return b"".join([*pieces, encode.end()])


SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 40000 RTP/AVP 0\n"


@pytest.mark.parametrize(
    ("file", "status", "words"),
    [
        (lambda: sound(1_501 * 8_000, 8_000, "FLAC"), 400, "1501 seconds is longer than 1500 seconds"),
        (lambda: aac(1_502), 400, "is longer than 1500 seconds"),
        (lambda: sound(144_000_001, 192_000, "FLAC"), 400, "has 144000001 samples"),
        (lambda: sound(1_000, 1), 400, "1 samples a second"),
        (lambda: sound(1_000, 2_000_000_000), 400, "2000000000 samples a second"),
        (lambda: bytes(MOST_FILE_BYTES + 1), 413, "Maximum content size limit (26214400) exceeded"),
        (SDP.encode, 400, "not audio that can be read"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n".strip, 400, "not audio"),
    ],
    ids=["flac", "aac", "samples", "slow", "fast", "large", "sdp", "playlist"],
)
async def test_a_file_that_would_take_long_or_opens_others_is_refused(
    file: Any, status: int, words: str
) -> None:
    async with standing() as it:
        headers = {"authorization": "Bearer any"}
        async with httpx.AsyncClient(base_url=it.server.base_url, headers=headers, timeout=15) as client:
            sent = {"file": ("call", file())}
            answer = await client.post("/audio/transcriptions", files=sent, data={"model": model(words)})
        assert not it.hearing.heard
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (status, True)


def model(words: str) -> str:
    """A model that refuses with these words."""
    return "gpt-4o-transcribe" if "seconds" in words else "whisper-1"


@pytest.mark.parametrize(
    ("name", "seconds", "rate"), [("whisper-1", 1_600, 8_000), ("gpt-4o-transcribe", 1_000, 96_000)]
)
async def test_a_file_that_openai_takes_is_taken(name: str, seconds: int, rate: int) -> None:
    async with standing() as it:
        headers = {"authorization": "Bearer any"}
        async with httpx.AsyncClient(base_url=it.server.base_url, headers=headers, timeout=30) as client:
            sent = {"file": ("call", sound(seconds * rate, rate, "FLAC"))}
            answer = await client.post("/audio/transcriptions", files=sent, data={"model": name})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("stream", [False, True])
async def test_custom_tools_and_their_calls_in_chat_are_passed_over(stream: bool) -> None:
    called = {"id": "1", "type": "custom", "custom": {"name": "code", "input": "1 + 1"}}
    messages = [*HI, {"role": "assistant", "tool_calls": [called]}]
    messages.append({"role": "tool", "tool_call_id": "1", "content": "2"})
    body = {"messages": messages, "tools": [{"type": "custom", "custom": {"name": "code"}}], "stream": stream}
    async with (
        OpenAIServer(ScriptedHearing(["Hi"]), ToneVoice(), Rehearsal([])) as server,
        httpx.AsyncClient(base_url=server.base_url, headers={"authorization": "Bearer any"}) as client,
    ):
        answer = await client.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text


async def test_what_is_too_long_or_unknown_is_told_in_openais_shape() -> None:
    async with standing() as it:
        headers = {"authorization": "Bearer any"}
        async with httpx.AsyncClient(base_url=it.server.base_url, headers=headers) as client:
            words = await client.post("/audio/speech", json={"input": "a" * 4097, "voice": "alloy"})
            unknown = await client.post("/images/generations", json={})
    assert (words.status_code, words.json()["error"]["message"]) == (
        400,
        "input: 4097 characters are more than 4096",
    )
    assert unknown.status_code == 404
    assert unknown.json()["error"]["message"] == "Invalid URL (POST /v1/images/generations)"


async def test_others_are_answered_while_a_long_sound_is_decoded() -> None:
    long = sound(1_000 * 96_000, 96_000, "FLAC")
    async with standing() as it:
        headers = {"authorization": "Bearer any"}
        async with httpx.AsyncClient(base_url=it.server.base_url, headers=headers, timeout=30) as client:
            sent, form = {"file": ("call", long)}, {"model": "gpt-4o-transcribe"}
            first = asyncio.create_task(client.post("/audio/transcriptions", files=sent, data=form))
            while not it.server.requests:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.002)
            for _ in range(3):
                await client.get("/models")
            assert not first.done()
            assert (await first).status_code == 200
