"""A call whose stream is refused leaves a record and a count, and its place is free."""

from __future__ import annotations

import contextlib
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agentrun.server.admission.admission import EXPECTED_SECONDS
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.server.twilio.as_twilio import CALL, SPEC, code_of, dial, post, serving, sign, start, stream_of


async def counted(server: RunningServer) -> dict[str, float]:
    """How many streams were refused, by reason."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    found = (line for line in lines if line.startswith("agentrun_streams_refused_total"))
    return {line.split('reason="')[1].split('"')[0]: float(line.split()[-1]) for line in found}


async def announced(server: RunningServer) -> str:
    """The address of the stream of a call that has a place."""
    url = f"{server.url}/desk/twilio/voice"
    address, _ = stream_of(await post(url, sign(url)))
    return address


async def test_an_announced_stream_without_a_good_token_ends_its_call(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        address = await announced(server)
        assert server.switchboard.admission.held == 1
        async with connect(address, proxy=None) as socket:
            await socket.send(start("not-the-token"))
            assert await code_of(socket) == 1008
        assert server.switchboard.admission.held == 0
        record = server.switchboard.records.get("desk", CALL)
        assert record is not None
        assert (record.ended_by, record.ended is not None) == ("error", True)
        assert "token" in record.reason
        assert await counted(server) == {"token": 1.0}


async def test_a_stranger_leaves_no_record_and_frees_no_place(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await announced(server)
        async with dial(server) as socket:
            await socket.send(start("not-the-token"))
            assert await code_of(socket) == 1008
        async with dial(server) as socket:
            await socket.send("junk")
            assert await code_of(socket) == 1008
        assert server.switchboard.admission.held == 1
        assert server.switchboard.records.get("desk", CALL) is None
        assert await counted(server) == {"token": 1.0, "handshake": 1.0}


async def test_a_server_that_closes_leaves_the_record_of_a_call_that_it_let_in(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = f"{server.url}/desk/twilio/voice"
        address, parameters = stream_of(await post(url, sign(url)))
        server.switchboard.closing = True
        async with connect(address, proxy=None) as socket:
            await socket.send(start(parameters["token"]))
            assert await code_of(socket) == 1013
        record = server.switchboard.records.get("desk", CALL)
        assert record is not None
        assert record.reason == "its stream was refused: the server was stopping"
        assert record.from_number == "+12025550143"
        assert server.switchboard.admission.held == 0
        server.switchboard.closing = False


@pytest.mark.parametrize("is_closing", [True, False], ids=["closing", "leaving"])
async def test_a_balancer_asks_another_machine_for_a_stream_that_comes_too_late(
    tmp_path: Path, is_closing: bool
) -> None:
    async with serving(tmp_path, when_full="503") as server:
        url = f"{server.url}/desk/twilio/voice"
        address, _ = stream_of(await post(url, sign(url)))
        board = server.switchboard
        board.admission.stop()
        async with connect(address, proxy=None) as socket:
            await socket.send(start("not-the-token"))
            assert await code_of(socket) == 1008, "it is still listened to"
        board.closing = is_closing
        if not is_closing:
            board.admission._stopped_at -= EXPECTED_SECONDS
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, proxy=None)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "30"
        assert (await counted(server))["stopping"] == 1.0
        board.closing = False


async def test_a_call_that_rings_while_the_machine_leaves_gets_its_stream(tmp_path: Path) -> None:
    async with serving(tmp_path, when_full="503") as server:
        admission = server.switchboard.admission
        assert await admission.take(server.switchboard.plans["desk"], "dial", "+12025550143") is None
        address = await announced(server)
        admission.release("desk", CALL)
        admission.stop()
        admission._stopped_at -= EXPECTED_SECONDS
        async with connect(address, proxy=None) as socket:
            await socket.send(start("not-the-token"))
            assert await code_of(socket) == 1008, "it is listened to"
        admission.release("desk", "dial")
        with pytest.raises(InvalidStatus):
            await connect(address, proxy=None)


@pytest.mark.parametrize("when_full", ["busy", "503"])
async def test_a_full_machine_says_busy_or_has_the_balancer_ask_another(
    tmp_path: Path, when_full: str
) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC.format(name="desk"))
    form = {"CallSid": CALL, "From": "+12025550143", "To": "+12025550199"}
    options = Options(port=0, insecure=True, capacity=1, when_full=when_full)  # type: ignore[arg-type]
    async with contextlib.AsyncExitStack() as stack:
        openai = OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(()))
        environ = {
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": (await stack.enter_async_context(openai)).base_url,
        }
        server = await stack.enter_async_context(running_server([tmp_path / "desk.yaml"], environ, options))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False))
        for _ in ("the call", "the same call again"):
            assert "<Connect>" in (await client.post("/desk/twilio/voice", data=form)).text
        answer = await client.post("/desk/twilio/voice", data={**form, "CallSid": "CA2"})
        metrics = (await client.get("/metrics")).text
        told = (await client.get("/ready")).json()
    assert told == {"status": "full"}
    assert 'agentrun_refused_total{agent="desk",reason="full"} 1.0' in metrics
    assert "agentrun_calls_capacity 1.0" in metrics
    assert 'agentrun_info{version="' in metrics
    if when_full == "503":
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    else:
        assert ElementTree.fromstring(answer.text).find("Hangup") is not None
