"""A server whose packages are those of an image, slimmed: it starts, and answers a call in each way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiortc import AudioStreamTrack, MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame

from agentrun.deploy.image import installed
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests import programs
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, QUESTION, SPEC, STYLES
from tests.deploy.image_packages import slimmed_packages
from tests.deploy.places import deployment, plan_of
from tests.host.bot_process import bot_process, only
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an image of an agent with a telephone and a page, and no others; slimmed."""
    project = tmp_path_factory.mktemp("project")
    extras = installed.server_extras(deployment(project, plan_of(project, transport="[twilio, local]")))
    return slimmed_packages(tmp_path_factory, extras)


@contextlib.asynccontextmanager
async def slimmed_server(folder: Path, packages: Path, style: str, openai: str) -> AsyncIterator[str]:
    """The desk, served without any package of this environment but ``packages``."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    spec = SPEC.replace("transport: twilio", "transport: [twilio, local]")
    (folder / "desk.yaml").write_text(f"{spec}pipeline: {{style: {style}}}\n")
    port = free_port()
    given = only(OPENAI_API_KEY="test", OPENAI_BASE_URL=openai) | {
        "PYTHONPATH": f"{packages}:{programs.ROOT}"
    }
    options = ("--port", str(port), "--insecure", "--records", f"sqlite:///{folder}/calls.sqlite3")
    command = ("-S", "-m", "agentrun", "serve", "desk.yaml", *options)
    async with bot_process(folder, given, port, "/ready", *command) as (_, url):
        yield url


@pytest.mark.parametrize("style", STYLES)
async def test_it_answers_a_telephone_with_a_tool(tmp_path: Path, packages: Path, style: str) -> None:
    brain, hearing = ScriptedBrain([HELLO, LOOK_UP, OPEN]), ScriptedHearing(("When are you open?",))
    async with (
        OpenAIServer(hearing, ToneVoice(), brain) as openai,
        slimmed_server(tmp_path, packages, style, openai.base_url) as url,
        Caller().call(f"{url}/desk") as call,
    ):
        await call.hear_greeting()
        await call.say(QUESTION)
        await call.hear_answer()
    brain.assert_complete()


async def test_it_speaks_to_a_browser(tmp_path: Path, packages: Path) -> None:
    async with (
        OpenAIServer(ScriptedHearing(("Hello.",)), ToneVoice(), ScriptedBrain([HELLO])) as openai,
        slimmed_server(tmp_path, packages, "cascaded", openai.base_url) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client,
        asyncio.timeout(90),
    ):
        await hear(client)


async def hear(client: httpx.AsyncClient) -> None:
    """Call from a browser, until a sound comes."""
    peer, tracks = RTCPeerConnection(), asyncio.Queue[MediaStreamTrack]()
    peer.on("track", tracks.put_nowait)
    peer.addTrack(AudioStreamTrack())
    try:
        await peer.setLocalDescription(await peer.createOffer())
        offer = {"sdp": peer.localDescription.sdp, "type": peer.localDescription.type}
        answer = (await client.post("/desk/browser/offer", json=offer)).raise_for_status().json()
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        track = await tracks.get()
        heard = False
        while not heard:
            frame = await track.recv()
            heard = isinstance(frame, AudioFrame) and bool(frame.to_ndarray().any())
    finally:
        await peer.close()
