"""What the agent says while a browser's connection is exchanged waits for the new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import OutputAudioRawFrame
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import (
    RawAudioTrack,
    SmallWebRTCCallbacks,
    SmallWebRTCClient,
)

from agentrun.pipeline.pipecat_private.line import browser_sound

RATE = 8_000
PIECE = OutputAudioRawFrame(bytes(RATE // 50 * 2), RATE, 1)
"""20 ms of sound."""


async def nothing(*_: object) -> None:
    """Whom the client tells of what happens."""


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A client that is connected, with a track that nobody reads yet."""
    connection = SmallWebRTCConnection()
    monkeypatch.setattr(connection, "is_connected", lambda: True)
    names = ("on_app_message", "on_client_connected", "on_client_disconnected", "on_track_status")
    client: Any = SmallWebRTCClient(connection, SmallWebRTCCallbacks(**dict.fromkeys(names, nothing)))
    client._params = TransportParams(audio_out_enabled=True)
    client._out_sample_rate = RATE
    client._audio_output_track = RawAudioTrack(RATE)
    yield client
    await connection.disconnect()


async def begin(client: Any) -> asyncio.Task[bool]:
    """Write a piece; it is under way when this returns."""
    writing = asyncio.create_task(client.write_audio_frame(PIECE))
    await asyncio.sleep(0.05)
    return writing


async def test_what_was_about_to_be_sent_holds_nothing_up(client: Any) -> None:
    browser_sound.KeptSound(client)
    writing = await begin(client)
    assert not writing.done()
    await client._handle_peer_disconnected()
    assert await asyncio.wait_for(writing, 5)


async def test_what_comes_between_two_connections_is_sent_over_the_second(client: Any) -> None:
    browser_sound.KeptSound(client)
    await client._handle_peer_disconnected()
    writing = await begin(client)
    assert not writing.done()
    await client._handle_client_connected()
    await asyncio.sleep(0)
    for _ in range(3):
        await client._audio_output_track.recv()
    assert await asyncio.wait_for(writing, 5)


async def test_it_waits_no_longer_for_a_browser_that_has_gone(client: Any) -> None:
    browser_sound.KeptSound(client)
    await client._handle_peer_disconnected()
    writing = await begin(client)
    await client._handle_client_closed()
    assert not await asyncio.wait_for(writing, 5)


async def test_it_waits_once_for_a_connection_that_does_not_come(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sound, "HOLD_SECONDS", 0.2)
    browser_sound.KeptSound(client)
    await client._handle_peer_disconnected()
    writing = await begin(client)
    assert not writing.done()
    assert not await asyncio.wait_for(writing, 5)
    monkeypatch.setattr(browser_sound, "HOLD_SECONDS", 60.0)
    assert not await asyncio.wait_for(client.write_audio_frame(PIECE), 5)


async def test_without_ours_pipecat_waits_for_the_connection_that_is_gone(client: Any) -> None:
    """When this fails, Pipecat lets go of it itself, and ours can go."""
    writing = await begin(client)
    await client._handle_peer_disconnected()
    await asyncio.sleep(0.05)
    assert not writing.done()
    writing.cancel()


def test_another_line_is_refused() -> None:
    line: Any = object()
    with pytest.raises(TypeError, match="object is no browser's"):
        browser_sound.keep_sound(line)
