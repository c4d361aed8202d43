"""Browsers that hide their addresses: behind names of mDNS that nobody resolves, or by telling none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from agentrun.server.browser import peers
from tests.calls.desk import until

OFFER = "/desk/browser/offer"
NAME = "372dc515-e656-4e02-a807-88d6fd5853ea.local"
CANDIDATE = re.compile(r"(a=candidate:\S+ \d udp \d+ )\S+( \d+ typ host)\r\n")
END = "a=end-of-candidates\r\n"


@pytest.fixture
async def peer() -> AsyncIterator[RTCPeerConnection]:
    """A browser that has made its offer."""
    made = RTCPeerConnection()
    made.addTransceiver("audio")
    made.createDataChannel("chat")
    await made.setLocalDescription(await made.createOffer())
    yield made
    await made.close()


async def connected(peer: RTCPeerConnection) -> None:
    """Wait until ``peer`` has a connection; fails when it takes longer than a busy machine needs."""
    async with asyncio.timeout(20):
        while peer.connectionState != "connected":
            assert peer.connectionState != "failed"
            await asyncio.sleep(0.02)


async def take(peer: RTCPeerConnection, answer: httpx.Response) -> str:
    """Have ``peer`` take the server's answer; the name of the connection."""
    described = answer.json()
    assert "a=candidate:" in described["sdp"]
    await peer.setRemoteDescription(RTCSessionDescription(described["sdp"], "answer"))
    return str(described["pc_id"])


@pytest.mark.parametrize("shown", [rf"\g<1>{NAME}\g<2>" + "\r\n", ""], ids=["behind a name", "not at all"])
async def test_a_browser_whose_address_nobody_knows_is_found_by_what_it_sends(
    client: httpx.AsyncClient, peer: RTCPeerConnection, shown: str
) -> None:
    sdp = CANDIDATE.sub(shown, peer.localDescription.sdp)
    assert END in sdp, "as Firefox writes it"
    await take(peer, await client.post(OFFER, json={"sdp": sdp, "type": "offer"}))
    await connected(peer)


async def test_the_end_of_late_candidates_is_not_the_end_of_looking(
    client: httpx.AsyncClient, peer: RTCPeerConnection
) -> None:
    sdp = CANDIDATE.sub("", peer.localDescription.sdp).replace(END, "")
    answer = await client.post(OFFER, json={"sdp": sdp, "type": "offer"})
    one = {"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0}
    late = {"pc_id": answer.json()["pc_id"], "candidates": [one]}
    assert (await client.patch(OFFER, json=late)).status_code == 200
    await take(peer, answer)
    await connected(peer)


async def test_a_browser_that_can_t_be_reached_keeps_its_place_for_a_moment_only(
    client: httpx.AsyncClient, peer: RTCPeerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SmallWebRTCConnection] = []
    real = SmallWebRTCConnection.initialize

    async def initialize(connection: SmallWebRTCConnection, sdp: str, type: str) -> None:  # noqa: A002
        made.append(connection)
        await real(connection, sdp=sdp, type=type)

    monkeypatch.setattr(SmallWebRTCConnection, "initialize", initialize)
    monkeypatch.setattr(peers, "CONNECT_SECONDS", 1)
    sdp = CANDIDATE.sub("", peer.localDescription.sdp)
    assert (await client.post(OFFER, json={"sdp": sdp, "type": "offer"})).status_code == 200
    (one,) = made
    await until(lambda: one.pc.connectionState == "closed", 10)
