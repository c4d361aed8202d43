"""Errors have OpenAI's shape: ``type``, the part that is wrong in ``param``, and a ``code``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from tests.simulate.openai.standing import Standing, standing

SPEECH = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hi."}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
VECTOR = {"model": "text-embedding-3-small", "input": "Hi"}
MISSING, VALUE, TYPE = "missing_required_parameter", "invalid_value", "invalid_type"


@pytest.fixture
async def it() -> AsyncIterator[Standing]:
    async with standing() as made:
        yield made


async def refused(it: Standing, path: str, body: dict[str, Any]) -> Any:
    """The error that OpenAI's SDK raises for ``body``."""
    with pytest.raises(openai.APIStatusError) as caught:
        await it.client.post(path, body=body, cast_to=object)
    return caught.value


@pytest.mark.parametrize(
    ("path", "body", "param", "code"),
    [
        ("/audio/speech", {**SPEECH, "input": ""}, "input", MISSING),
        ("/audio/speech", {**SPEECH, "input": "x" * 5000}, "input", "string_above_max_length"),
        ("/audio/speech", {**SPEECH, "response_format": "ogg"}, "response_format", VALUE),
        ("/audio/speech", {**SPEECH, "voice": "aloy"}, "voice", VALUE),
        ("/audio/speech", {**SPEECH, "speed": 9}, "speed", VALUE),
        ("/audio/speech", {**SPEECH, "speed": 0}, "speed", VALUE),
        ("/audio/speech", {**SPEECH, "stream_format": "x"}, "stream_format", VALUE),
        ("/embeddings", {**VECTOR, "input": []}, "input", VALUE),
        ("/embeddings", {**VECTOR, "dimensions": 0}, "dimensions", VALUE),
        ("/embeddings", {**VECTOR, "encoding_format": "hex"}, "encoding_format", VALUE),
        ("/realtime/client_secrets", {"expires_after": {"seconds": 1}}, "expires_after.seconds", VALUE),
        ("/realtime/client_secrets", {"session": {"type": "x"}}, "session.type", VALUE),
        ("/realtime/client_secrets", {"session": {"tools": [{}]}}, "session.tools[0].name", MISSING),
        (
            "/chat/completions",
            {**CHAT, "messages": [{"role": "user", "content": 7}]},
            "messages[0].content",
            TYPE,
        ),
        ("/chat/completions", {"model": "gpt-4o"}, "messages", MISSING),
        ("/chat/completions", {**CHAT, "n": 0}, "n", VALUE),
        ("/responses", {"model": "gpt-4o", "input": 7}, "input", TYPE),
        ("/responses", {"input": ["Hi", 7]}, "input", TYPE),
        ("/responses", {"input": [{"role": "user", "content": "Hi"}, {"type": "x"}]}, "input[1]", VALUE),
    ],
)
async def test_the_wrong_part_is_named(
    it: Standing, path: str, body: dict[str, Any], param: str, code: str
) -> None:
    error = await refused(it, path, body)
    assert (error.status_code, error.type) == (400, "invalid_request_error")
    assert (error.param, error.code) == (param, code)


@pytest.mark.parametrize(("wish", "code"), [("xml", VALUE), ("srt", "unsupported_value")])
async def test_the_format_of_a_transcript_is_named(it: Standing, wish: Any, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await it.client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("a.wav", b"RIFF"), response_format=wish
        )
    assert (caught.value.param, caught.value.code) == ("response_format", code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {**CHAT, "model": "gpt-4o-mni"}),
        ("/chat/completions", {**CHAT, "model": "gtp-4o", "stream": True}),
        ("/responses", {"model": "gpt-4o-mni", "input": "Hi"}),
        ("/audio/speech", {**SPEECH, "model": "gpt-4o-mini-tss"}),
        ("/embeddings", {**VECTOR, "model": "text-embeding-3-small"}),
    ],
)
async def test_a_misspelt_model_does_not_exist(it: Standing, path: str, body: dict[str, Any]) -> None:
    error = await refused(it, path, body)
    assert (error.status_code, error.type, error.code) == (404, "invalid_request_error", "model_not_found")


async def test_a_misspelt_model_of_transcripts_does_not_exist(it: Standing) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await it.client.audio.transcriptions.create(model="wisper-1", file=("a.wav", b"RIFF"))
    assert caught.value.code == "model_not_found"


async def test_a_model_that_answers_is_listed(it: Standing) -> None:
    listed = {model.id async for model in it.client.models.list()}
    for name in ("gpt-5", "gpt-realtime", "whisper-1", "tts-1", "text-embedding-3-large"):
        assert name in listed
        assert (await it.client.models.retrieve(name)).id == name


async def test_an_address_that_there_is_not_is_no_missing_model(it: Standing) -> None:
    error = await refused(it, "/images/generations", {})
    assert (error.status_code, error.type, error.code) == (404, "invalid_request_error", None)
    with pytest.raises(openai.NotFoundError) as caught:
        await it.client.models.retrieve("gpt-0")
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


async def test_a_method_that_there_is_not_is_no_fault_of_the_server(it: Standing) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await it.client.get("/embeddings", cast_to=object)
    assert (caught.value.status_code, caught.value.type) == (405, "invalid_request_error")
    assert caught.value.code == "method_not_supported"
