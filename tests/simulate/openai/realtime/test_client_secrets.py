"""A secret for a page: made by OpenAI's own client, used as a browser uses it."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import openai
import pytest
import websockets
from openai import AsyncOpenAI
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import Standing, standing

SESSION: Any = {"type": "realtime", "model": "gpt-realtime", "instructions": "Sell shoes."}


async def first_event(it: Standing, secret: str) -> tuple[dict[str, Any], str | None]:
    """The first event of a socket that is opened as a browser does it, and the subprotocol."""
    url = f"{it.server.base_url}/realtime?model=gpt-realtime".replace("http", "ws", 1)
    offers = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{secret}")]
    async with connect(url, subprotocols=offers, proxy=None) as socket:
        return json.loads(await socket.recv()), socket.subprotocol


async def test_a_secret_opens_a_socket_with_its_session() -> None:
    async with standing() as it:
        secret = await it.client.realtime.client_secrets.create(session=SESSION)
        event, subprotocol = await first_event(it, secret.value)
    assert secret.value.startswith("ek_")
    assert secret.session.type == "realtime"
    assert 500 < secret.expires_at - time.time() <= 601
    assert (event["type"], subprotocol) == ("session.created", "realtime")
    assert event["session"]["instructions"] == "Sell shoes."


async def test_a_secret_may_be_for_transcription() -> None:
    async with standing() as it:
        secret = await it.client.realtime.client_secrets.create(session={"type": "transcription"})
        event, _ = await first_event(it, secret.value)
    assert event["session"]["type"] == "transcription"


async def test_openai_s_client_connects_with_a_secret() -> None:
    async with standing() as it:
        secret = await it.client.realtime.client_secrets.create(session=SESSION)
        async with (
            AsyncOpenAI(base_url=it.server.base_url, api_key=secret.value) as page,
            page.realtime.connect(model="gpt-realtime") as connection,
        ):
            event: Any = await connection.recv()
    assert event.type == "session.created"
    assert event.session.instructions == "Sell shoes."


async def test_a_secret_that_has_expired_or_was_never_made_opens_nothing() -> None:
    now = [0.0]
    hearing, voice, brain = ScriptedHearing(["Hello."]), ToneVoice(), ScriptedBrain([])
    async with (
        OpenAIServer(hearing, voice, brain, clock=lambda: now[0]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        it = Standing(server, client, hearing, voice, brain)
        expires: Any = {"anchor": "created_at", "seconds": 10}
        secret = await client.realtime.client_secrets.create(session=SESSION, expires_after=expires)
        await first_event(it, secret.value)
        now[0] = 10.0
        for value in (secret.value, "ek_guessed"):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await first_event(it, value)
            assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"expires_after": {"seconds": 5}}, "from 10 to 7200"),
        ({"expires_after": 60}, "from 10 to 7200"),
        ({"session": {"type": "chat"}}, "'chat' is not one of realtime, transcription"),
        ({"session": []}, "None is not one of"),
        ({"session": "x"}, "None is not one of"),
    ],
)
async def test_what_can_be_no_secret_is_told(body: dict[str, Any], words: str) -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError) as caught:
            await it.client.post("/realtime/client_secrets", body=body, cast_to=object)
    assert words in caught.value.message


async def test_a_key_is_needed() -> None:
    async with standing() as it, httpx.AsyncClient(base_url=it.server.base_url) as bare:
        assert (await bare.post("/realtime/client_secrets", json={})).status_code == 401
