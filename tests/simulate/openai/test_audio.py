"""Transcriptions and speech, asked by OpenAI's own client."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
import soundfile

from agentrun.simulate.engines.engines import VOICE_RATE, Engines
from agentrun.simulate.engines.scripted import ScriptedBrain
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import Standing, standing

QUESTION = Path(__file__).parents[2] / "corpus" / "04_team_duke.wav"


def wav(seconds: float, rate: int = 16_000, channels: int = 1) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, np.zeros((int(seconds * rate), channels), np.int16), rate, format="WAV")
    return written.getvalue()


async def hear(it: Standing, sound: bytes) -> str:
    heard = await it.client.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=("audio.wav", sound), prompt="Expect basketball.", language="en"
    )
    return heard.text


async def say(it: Standing, text: str, speed: float = 1.0) -> bytes:
    async with it.client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="ballad", input=text, response_format="pcm", speed=speed
    ) as answer:
        return b"".join([piece async for piece in answer.iter_bytes(24_000)])


async def test_an_utterance_becomes_its_words() -> None:
    async with standing(heard="Did Duke win?") as it:
        assert await hear(it, wav(1.5)) == "Did Duke win?"
        assert it.hearing.heard == [1.5]
        body = it.server.requests[-1].body
    assert (body["model"], body["prompt"]) == ("gpt-4o-transcribe", "Expect basketball.")


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (24_000, 1), (16_000, 2)])
async def test_any_rate_and_the_first_of_two_channels_are_heard(rate: int, channels: int) -> None:
    async with standing() as it:
        await hear(it, wav(2.0, rate, channels))
        assert it.hearing.heard == [2.0]


@pytest.mark.parametrize("sound", [b"no sound at all", b""])
async def test_a_file_that_is_no_sound_is_the_clients_mistake(sound: bytes) -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError):
            await hear(it, sound)


async def test_a_form_without_a_file_is_the_clients_mistake() -> None:
    headers = {"authorization": "Bearer any"}
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address, headers=headers) as bare:
        answers = [
            await bare.post("/v1/audio/transcriptions", data={"model": "x", "file": "words"}),
            await bare.post("/v1/audio/transcriptions", content=b"junk"),
        ]
    assert [answer.status_code for answer in answers] == [400, 400]


async def test_speech_is_headerless_pcm() -> None:
    async with standing() as it:
        pcm = await say(it, "one two three four")
    assert len(pcm) == int(0.6 * VOICE_RATE) * 2
    assert not pcm.startswith(b"RIFF")


async def test_speed_and_voice_reach_the_voice() -> None:
    async with standing() as it:
        assert len(await say(it, "one two three four", 2.0)) == int(0.3 * VOICE_RATE) * 2
        body = it.server.requests[-1].body
    assert (body["voice"], body["speed"]) == ("ballad", 2.0)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"input": ""}', b'{"input": "Hi", "response_format": "au"}'])
async def test_speech_that_it_cannot_give_is_refused(body: bytes) -> None:
    headers = {"authorization": "Bearer any"}
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address, headers=headers) as bare:
        answer = await bare.post("/v1/audio/speech", content=body)
    assert answer.status_code == 400


async def test_speech_can_be_cut_in_the_middle() -> None:
    body = {"input": "many words " * 40, "response_format": "pcm"}
    headers = {"authorization": "Bearer any"}
    heard = bytearray()
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address, headers=headers) as bare:
        it.server.conditions.faults["speech"] = Fault("cut", after=10_000)
        async with bare.stream("POST", "/v1/audio/speech", json=body) as answer:
            with pytest.raises(httpx.RemoteProtocolError):
                await drain(answer, heard)
    assert 10_000 <= len(heard) <= 14_400


async def drain(answer: httpx.Response, heard: bytearray) -> None:
    async for piece in answer.aiter_bytes():
        heard += piece


@pytest.mark.parametrize("route", ["/v1/audio/speech", "/v1/audio/transcriptions"])
async def test_a_key_is_needed(route: str) -> None:
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address) as bare:
        answers = [
            await bare.post(route, json={"input": "Hi"}, headers=headers)
            for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic any"})
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_a_wrong_key_surfaces_at_once() -> None:
    async with standing(retries=2) as it:
        it.server.conditions.faults["transcriptions"] = Fault("status", 401)
        with pytest.raises(openai.AuthenticationError):
            await hear(it, wav(1))
        assert len(it.server.requests) == 1


async def test_a_route_is_as_slow_as_it_is_told_to_be() -> None:
    async with standing() as it:
        it.server.conditions.latency["speech"] = 0.3
        began = asyncio.get_running_loop().time()
        await say(it, "one")
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_the_packaged_engines_hear_what_they_said(engines: Engines) -> None:
    async with (
        OpenAIServer(engines.hearing, engines.voice, ScriptedBrain([])) as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        heard = await client.audio.transcriptions.create(model="gpt-4o-transcribe", file=QUESTION)
    assert heard.text == "Did Duke win their game against North Carolina?"
