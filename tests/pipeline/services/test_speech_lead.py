"""While an answer's sound is ahead of whoever hears it, its reading rests, and nobody hears of that."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import openai
import pytest

from agentrun.pipeline.services.connections import aiohttp_transport
from agentrun.pipeline.services.connections.provider_client import Connections, provider_client
from agentrun.pipeline.services.speech import request as speech_request
from agentrun.pipeline.services.speech.lead import KEPT_SECONDS, LEAST_SECONDS, MOST_SECONDS, SpeechLead
from agentrun.simulate.bench.mock_openai import PacedVoice
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing
from agentrun.simulate.openai import OpenAIServer
from agentrun.testing import virtual_time
from tests.pipeline.services.raw_servers import HEAD, read_request, serving

SECOND = 48_000
CHUNK = SECOND // 10
JITTER = 0.03
WANTED = {
    "input": "We are open this evening from six until eleven, and tomorrow at noon until late.",
    "model": "gpt-4o-mini-tts",
    "voice": "ballad",
    "response_format": "pcm",
}
Piece = tuple[float, bytes]


async def pieces(
    url: str,
    kind: Connections,
    lead: SpeechLead | None,
    stall: float = 6.0,
    found: list[Piece] | None = None,
) -> list[Piece]:
    """What comes of the speech, and when; put into ``found``."""
    clock, found = asyncio.get_running_loop().time, [] if found is None else found
    async with provider_client(kind) as web:
        client = openai.AsyncOpenAI(api_key="test", base_url=url, http_client=web, max_retries=0)
        async for piece in speech_request.sound(client, WANTED, CHUNK, stall, lead):
            found.append((clock(), piece))
            if lead:
                lead.add(len(piece) / SECOND)
    return found


async def _paced(kind: Connections, with_lead: bool) -> list[Piece]:
    async with OpenAIServer(ScriptedHearing([]), PacedVoice(2.0), ScriptedBrain([])) as server:
        return await pieces(server.base_url, kind, SpeechLead() if with_lead else None)


def joined(found: list[Piece]) -> bytes:
    return b"".join(piece for _, piece in found)


def test_sound_that_is_ahead_comes_in_larger_pieces_and_early_enough() -> None:
    each, found = (virtual_time.run(_paced("aiohttp", lead)) for lead in (False, True))
    assert joined(found) == joined(each)
    assert len(found) < 0.8 * len(each)
    began, before = found[0][0], 0
    for at, piece in found:
        late = at - began - came(each, before + len(piece))
        if late > JITTER:
            assert late < MOST_SECONDS + JITTER
            assert before / SECOND - (at - began) > KEPT_SECONDS - JITTER
        before += len(piece)


def came(found: list[Piece], size: int) -> float:
    """After how many seconds ``size`` bytes were there."""
    sizes = itertools.accumulate(len(piece) for _, piece in found)
    return next(at for (at, _), there in zip(found, sizes, strict=True) if there >= size) - found[0][0]


def test_over_httpx_s_connections_sound_comes_as_it_did() -> None:
    each, found = (virtual_time.run(_paced("httpx", lead)) for lead in (False, True))
    assert [piece for _, piece in found] == [piece for _, piece in each]
    assert found[-1][0] - found[0][0] == pytest.approx(each[-1][0] - each[0][0], abs=0.1)


def test_a_connection_is_read_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, read = [0], aiohttp_transport._Body._read

    async def counted(body: Any) -> bytes:
        reads[-1] += 1
        return await read(body)

    monkeypatch.setattr(aiohttp_transport._Body, "_read", counted)
    virtual_time.run(_paced("aiohttp", False))
    reads.append(0)
    virtual_time.run(_paced("aiohttp", True))
    assert reads[1] < 0.6 * reads[0]


def test_the_first_of_the_sound_waits_for_nothing() -> None:
    each, found = (virtual_time.run(_paced("aiohttp", lead)) for lead in (False, True))
    early = [[len(piece) for _, piece in some[:4]] for some in (each, found)]
    assert early[0] == early[1] == [CHUNK] * 4


@pytest.mark.parametrize("size", [1, 3, 4_799, 100_001])
@pytest.mark.parametrize("with_lead", [False, True])
async def test_the_sound_is_the_same_in_whatever_pieces_it_comes(size: int, with_lead: bool) -> None:
    sound = bytes(range(1, 251)) * (12 if size == 1 else 800)

    async def serve(reader: Any, writer: Any) -> None:
        await read_request(reader)
        writer.write(HEAD + b"content-type: audio/pcm\r\ncontent-length: %d\r\n\r\n" % len(sound))
        for start in range(0, len(sound), size):
            writer.write(sound[start : start + size])
            await asyncio.sleep(0)

    async with serving(serve) as url:
        found = await pieces(url, "aiohttp", SpeechLead() if with_lead else None)
    assert joined(found) == sound
    assert all(len(piece) % 2 == 0 for _, piece in found)
    assert all(CHUNK <= len(piece) <= (2 * CHUNK if with_lead else CHUNK) for _, piece in found[:-1])


async def test_a_server_that_trickles_has_stalled() -> None:
    async def serve(reader: Any, writer: Any) -> None:
        await read_request(reader)
        writer.write(HEAD + b"content-length: 48000\r\n\r\n")
        for _ in range(100):
            writer.write(b"\x00\x10")
            await asyncio.sleep(0.02)

    async with serving(serve) as url:
        with pytest.raises(speech_request.ERRORS, match=r"nothing came for 0\.3 s"):
            await pieces(url, "aiohttp", None, stall=0.3)


async def test_sound_that_breaks_off_while_its_reading_rests_is_heard_until_there() -> None:
    sound = b"\x00\x10\x00\xf0" * (SECOND // 2)

    async def serve(reader: Any, writer: Any) -> None:
        await read_request(reader)
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % (2 * len(sound)) + sound)
        await writer.drain()
        writer.close()

    heard: list[Piece] = []
    async with serving(serve) as url:
        with pytest.raises(speech_request.ERRORS):
            await pieces(url, "aiohttp", SpeechLead(), found=heard)
    assert len(sound) - len(joined(heard)) < 2 * CHUNK


def during(steps: Callable[[SpeechLead], Any]) -> Any:
    return virtual_time.run(steps(SpeechLead()))


def test_a_rest_leaves_enough_and_is_worth_it() -> None:
    async def steps(lead: SpeechLead) -> list[float]:
        rests = [lead.rest()]
        lead.begin("an answer")
        for seconds in (KEPT_SECONDS, LEAST_SECONDS / 2, LEAST_SECONDS, 1.0):
            lead.add(seconds)
            rests.append(lead.rest())
        await asyncio.sleep(1.0)
        return [*rests, lead.rest()]

    *before, after = during(steps)
    assert before[:3] == [0.0, 0.0, 0.0]
    assert before[3] == pytest.approx(1.5 * LEAST_SECONDS, abs=0.01)
    assert before[4] == MOST_SECONDS
    assert after == pytest.approx(1.5 * LEAST_SECONDS, abs=0.01)


def test_the_next_sentence_of_an_answer_is_heard_behind_the_last_and_another_answer_is_not() -> None:
    async def steps(lead: SpeechLead) -> list[float]:
        lead.begin("an answer")
        lead.add(3.0)
        lead.begin("an answer")
        same = lead.rest()
        lead.begin("another")
        return [same, lead.rest()]

    assert during(steps) == [MOST_SECONDS, 0.0]
