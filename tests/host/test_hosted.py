"""An agent in somebody else's server: ready, called, cancelled, and refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecatcloud.agent import WebSocketSessionArguments

from agentrun.errors import SetupError, SpecError
from agentrun.host.hosted import AGAIN_SECONDS, HostedAgent
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.records.webhook.signature import VARIABLE
from agentrun.session.speech.transfers import TRANSFERRED
from agentrun.simulate.caller import Caller, CallOverError
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import TwilioServer
from agentrun.simulate.twilio.calls import TwilioCall
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, QUESTION, SPEC, until
from tests.host.gateway import THEIRS, Gateway
from tests.server.records.receiver import SECRET, Receiver

BIN = f"""<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="{THEIRS}">
<Parameter name="_pipecatCloudServiceHost" value="desk.three-words"/>
<Parameter name="from_number" value="{{{{From}}}}"/><Parameter name="to_number" value="{{{{To}}}}"/>
</Stream></Connect></Response>"""
GOODBYE = "We close now. Goodbye."


@dataclass
class Hosted:
    """The agent, its sessions, and the address to call."""

    agent: HostedAgent
    url: str
    brain: ScriptedBrain
    voice: ToneVoice
    sessions: list[asyncio.Task[None]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def hosted(
    folder: Path,
    answers: Sequence[Answer] = (),
    more: str = "",
    environ: Mapping[str, str] | None = None,
    tools: str = "[hours]",
) -> AsyncIterator[Hosted]:
    """The desk in a server that runs ``bot()`` for each socket, behind a gateway."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    spec = SPEC.replace("goodbye.", f"goodbye.\n  goodbye: {GOODBYE}").replace("[hours]", tools)
    (folder / "desk.yaml").write_text(spec + more)
    brain, voice = ScriptedBrain(answers), ToneVoice()
    async with OpenAIServer(ScriptedHearing(("When are you open?",)), voice, brain) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **(environ or {})}
        agent = HostedAgent(folder / "desk.yaml", given)
        app, sock = FastAPI(lifespan=agent.lifespan), bind("127.0.0.1", 0)
        found = Hosted(agent, "", brain, voice)

        @app.websocket("/ws")
        async def session(websocket: WebSocket) -> None:
            await websocket.accept()
            args = WebSocketSessionArguments(session_id="s-1", websocket=websocket)
            found.sessions.append(asyncio.create_task(agent.bot(args)))
            await asyncio.wait(found.sessions[-1:])

        async with serving(app, sock):
            gateway = Gateway(BIN, f"http://127.0.0.1:{sock.getsockname()[1]}")
            async with gateway.up() as url:
                found.url = f"{url}/desk"
                yield found
        sock.close()


@pytest.mark.slow
async def test_a_caller_is_answered_with_a_tool_and_the_record_has_arrived_when_bot_returns(
    tmp_path: Path,
) -> None:
    receiver = Receiver()
    async with receiver.up():
        more = f"record: {{webhook: '{receiver.url}'}}\n"
        async with hosted(tmp_path, [HELLO, LOOK_UP, OPEN], more, {VARIABLE: SECRET}) as found:
            async with Caller().call(found.url) as call:
                await call.hear_greeting()
                await call.say(QUESTION)
                await call.hear_answer()
            await asyncio.wait_for(found.sessions[0], 20)
            record = receiver.taken[call.call_sid]
    found.brain.assert_complete()
    assert [entry["name"] for entry in record["transcript"] if entry["who"] == "tool"] == ["get_hours"]
    assert (record["from_number"], record["to_number"]) == (Caller.number, Caller.called)
    assert (record["ended_by"], record["transport"]) == ("caller", "twilio")
    assert receiver.faults == []


@pytest.mark.slow
async def test_the_record_says_that_nobody_took_the_caller(tmp_path: Path) -> None:
    receiver, tools = Receiver(), "[{use: transfer, to: {billing: '+15557654321'}}]"
    through = Answer(calls=(ToolCall("transfer", {"to": "billing", "words": "One moment."}),))
    async with receiver.up(), TwilioServer() as twilio:
        more, environ = f"record: {{webhook: '{receiver.url}'}}\n", {VARIABLE: SECRET, **twilio.environ()}
        async with hosted(tmp_path, [HELLO, through], more, environ, tools) as found:
            async with Caller().call(found.url) as call:
                twilio.bind(call)
                await call.hear_greeting()
                with contextlib.suppress(CallOverError):
                    # a busy machine asks for the greeting twice, and gets the transfer
                    await call.say(QUESTION)
                await call.until(lambda: call.over, call.timeline.seconds + 20)
            await until(lambda: receiver.taken, 20)
            assert receiver.taken[call.call_sid]["reason"] == TRANSFERRED
            assert not found.sessions[0].done(), "it waits for what becomes of the transfer"
            leg = TwilioCall(twilio.account_sid, "", "", status="no-answer", parent=call.call_sid)
            twilio.calls[leg.sid] = leg
            await asyncio.wait_for(found.sessions[0], 20)
            assert receiver.taken[call.call_sid]["reason"] == f"{TRANSFERRED}; nobody answered there"


@pytest.mark.slow
async def test_a_session_that_is_cancelled_says_goodbye_and_closes_its_record(tmp_path: Path) -> None:
    receiver = Receiver()
    async with receiver.up():
        more = f"record: {{webhook: '{receiver.url}'}}\n"
        async with hosted(tmp_path, [HELLO], more, {VARIABLE: SECRET}) as found:
            async with Caller().call(found.url) as call:
                await call.hear_greeting()
                found.sessions[0].cancel()
                with contextlib.suppress(CallOverError):
                    await call.hear_answer()
                await asyncio.wait(found.sessions, timeout=20)
            assert found.sessions[0].cancelled()
            record = receiver.taken[call.call_sid]
    assert found.voice.spoken[-1] == GOODBYE
    assert (record["ended_by"], record["reason"]) == ("server", "the server is stopping")
    assert record["transcript"][-1]["text"] == GOODBYE


@pytest.mark.slow
async def test_a_session_that_is_cancelled_twice_ends_at_once(tmp_path: Path) -> None:
    async with hosted(tmp_path, [HELLO]) as found, Caller().call(found.url) as call:
        await call.hear_greeting()
        found.sessions[0].cancel()
        await asyncio.sleep(0.05)
        found.sessions[0].cancel()
        await asyncio.wait(found.sessions, timeout=10)
        assert found.sessions[0].cancelled()


async def test_it_is_ready_when_the_server_is_and_not_when_it_stops(tmp_path: Path) -> None:
    async with hosted(tmp_path) as found:
        assert await found.agent.readyz() == {"ready": True, "agent": "desk"}
    told = await found.agent.readyz()
    assert (told["ready"], told["reason"]) == (False, "the server is stopping")


async def test_without_a_lifespan_the_first_probe_makes_it_ready(tmp_path: Path) -> None:
    agent = lone(tmp_path)
    assert (await agent.readyz())["reason"] == "the agent is being made ready"
    async with asyncio.timeout(30):
        while not (await agent.readyz())["ready"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await agent.close()


def lone(folder: Path, spec: str = "transport: twilio\nprompts: Hi.\n", **environ: str) -> HostedAgent:
    (folder / "desk.yaml").write_text(f"{spec}\n")
    given = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", **environ}
    return HostedAgent(folder / "desk.yaml", given)


async def test_it_is_ready_before_its_apology_has_been_spoken(tmp_path: Path) -> None:
    """Somebody waits for the container; a voice that is slow would keep them waiting for three seconds."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def be_slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        while await reader.read():
            pass
        gone.set()
        writer.close()

    server = await asyncio.start_server(be_slow, "127.0.0.1", 0)
    agent = lone(tmp_path, OPENAI_BASE_URL=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    async with agent.lifespan(FastAPI()):
        assert (await agent.readyz())["ready"]
        assert not gone.is_set(), "the apology was given up before"
        await asyncio.wait_for(asked.wait(), 20)
    await asyncio.wait_for(gone.wait(), 20)
    server.close()


async def test_a_session_that_waits_while_its_agent_is_closed_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.host.hosted.HARD_SECONDS", 0.0)
    agent, at_work = lone(tmp_path), asyncio.Event()

    async def never(*_: object) -> None:
        at_work.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("agentrun.host.hosted.asyncio.to_thread", never)
    session = WebSocketSessionArguments(session_id="s", websocket=None)  # type: ignore[arg-type]
    waiting = asyncio.create_task(agent.bot(session))
    await at_work.wait()
    await agent.close()
    with pytest.raises(SetupError, match="the server is stopping"):
        await waiting
    with pytest.raises(SetupError, match="the server is stopping"):
        await agent.bot(session)
    assert (await agent.readyz())["reason"] == "the server is stopping"


async def test_an_agent_that_was_closed_answers_nobody(tmp_path: Path) -> None:
    agent = lone(tmp_path)
    async with agent.lifespan(FastAPI()):
        assert (await agent.readyz())["ready"]
    with pytest.raises(SetupError, match="the server is stopping"):
        await agent.bot(WebSocketSessionArguments(session_id="s", websocket=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "environ", "words"),
    [
        ("hours: {zone: UTC, open: {mon: '09:00-10:00'}}", {}, "can't be held there"),
        ("limits: {max_duration: 5h}", {}, "4 hours at most"),
        ("", {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY is not set"),
        ("", {"AGENTRUN_RECORDS": "sqlite:///calls.sqlite3"}, "goes with it"),
        ("tools: [nothing]", {}, "there is no plugin 'nothing'"),
    ],
)
async def test_what_cannot_be_there_is_said_by_its_probe_and_to_its_session(
    tmp_path: Path, more: str, environ: dict[str, str], words: str
) -> None:
    agent = lone(tmp_path, f"transport: twilio\nprompts: Hi.\n{more}", **environ)
    with pytest.raises((SetupError, SpecError), match=words):
        await agent.bot(WebSocketSessionArguments(session_id="s", websocket=None))  # type: ignore[arg-type]
    told = await agent.readyz()
    assert told["ready"] is False
    assert words.replace("\\", "") in told["reason"]
    await agent.close()


async def test_what_failed_is_tried_again_after_a_while(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "desk.yaml"
    given = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    agent = HostedAgent(path, given, clock=lambda: now[0])
    async with agent.lifespan(FastAPI()):
        assert (await agent.readyz())["ready"] is False
        path.write_text("transport: twilio\nprompts: Hi.\n")
        assert (await agent.readyz())["ready"] is False, "too soon"
        now[0] += AGAIN_SECONDS + 1
        async with asyncio.timeout(30):
            while not (await agent.readyz())["ready"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_room_needs_no_key_of_dailys(tmp_path: Path) -> None:
    agent = lone(tmp_path, "transport: daily\nprompts: Hi.\n")
    async with agent.lifespan(FastAPI()):
        assert await agent.readyz() == {"ready": True, "agent": "desk"}


async def test_no_line_of_the_hosts_log_has_a_secret(tmp_path: Path) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message} {exception}", level="DEBUG")
    agent = lone(tmp_path, OPENAI_API_KEY="sk-test-0123456789abcdef0123456789")
    async with agent.lifespan(FastAPI()):
        try:
            raise ValueError("the key was sk-test-0123456789abcdef0123456789")
        except ValueError:
            logger.exception("with sk-test-0123456789abcdef0123456789")
    logger.remove(sink)
    said = "".join(lines)
    assert "0123456789abcdef" not in said
    assert "ValueError: the key was" in said
