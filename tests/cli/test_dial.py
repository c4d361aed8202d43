"""``agentrun dial`` as it is used: its exit code says what came of the call, its output why."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import Callee, Network, TwilioServer
from tests import programs
from tests.calls.desk import until
from tests.programs import ENVIRON, Program

TO, FROM = "+15557654321", "+15551234567"
HELLO = Answer("Hello, I know all about March Madness.")
Start = Callable[..., Awaitable[Program]]
Dial = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioServer]:
    async with TwilioServer() as server:
        yield server


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIServer]:
    """Speaks in a moment, where it is not about what is said."""
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO] * 2)) as server:
        yield server


@pytest.fixture
def start(twilio: TwilioServer, openai: OpenAIServer) -> Iterator[Start]:
    """Starts the command; none outlives its test."""
    started: list[Program] = []
    given = {
        **ENVIRON,
        "HOME": "/nowhere",
        "OPENAI_API_KEY": "test",
        "OPENAI_BASE_URL": openai.base_url,
        **twilio.environ(),
        "TWILIO_FROM_NUMBER": FROM,
    }

    async def begin(*more: str, to: str = TO, **environ: str) -> Program:
        command = ("dial", "agents/ncaa.yaml", "--to", to, "--port", "0", *more)
        started.append(await programs.start(*command, env={**given, **environ}))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


@pytest.fixture
def dial(start: Start) -> Dial:
    """Runs the command to its end: its exit code, and what it wrote."""

    async def run(*more: str, to: str = TO, **environ: str) -> tuple[int, str, str]:
        process = await start(*more, to=to, **environ)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return run


def answering(twilio: TwilioServer, callee: Callee) -> Callee:
    twilio.connect(Network(twilio.auth_token, callee).put_through)
    return callee


async def hears_the_greeting(call: PhoneCall) -> None:
    await call.hear_greeting()
    await call.hang_up()


def lives(life: Callable[[PhoneCall], Awaitable[None]] = hears_the_greeting) -> Callee:
    return Callee(lives=life)


async def test_a_person_who_answers_is_zero_and_a_record(twilio: TwilioServer, dial: Dial) -> None:
    answering(twilio, lives())
    code, out, err = await dial("--json", "--offline")
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert (record["outcome"], record["ended_by"], record["direction"]) == ("answered", "caller", "outbound")
    assert record["to_number"] == TO
    assert "March Madness" in record["transcript"][0]["text"]


async def test_the_conversation_is_shown(twilio: TwilioServer, dial: Dial) -> None:
    answering(twilio, lives())
    code, out, _ = await dial()
    assert code == 0
    assert out.startswith("answered: the caller hung up")
    assert "March Madness" in out


async def test_a_machine_is_four(twilio: TwilioServer, dial: Dial) -> None:
    answering(twilio, Callee("machine_start"))
    machine = "transport={type: twilio, dial: {machine: hang_up}}"
    code, out, _ = await dial("--set", machine)
    assert code == 4
    assert out.startswith("machine by machine_start: a machine answered: machine_start")


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("note=" + "x" * 496, "has 496 characters, and Twilio carries 495"),
        ("token=mine", "'token' is a parameter of the server's own"),
        ("größe=1", "'größe' is not the name of a parameter"),
        ("note", "'note' is not NAME=VALUE"),
    ],
)
def test_a_parameter_that_twilio_would_not_carry_is_wrong_usage(parameter: str, words: str) -> None:
    done = programs.run("dial", "agents/ncaa.yaml", "--to", TO, "--parameter", parameter)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(("end", "expected"), [("busy", 5), ("no-answer", 6), ("failed", 7)])
async def test_nobody_who_answers_has_a_code(
    twilio: TwilioServer, dial: Dial, end: str, expected: int
) -> None:
    answering(twilio, Callee(end=end))  # type: ignore[arg-type]
    code, out, _ = await dial()
    assert code == expected
    assert out.startswith(f"{end}: ")


async def test_a_number_that_is_none_is_a_mistake_of_use(twilio: TwilioServer, dial: Dial) -> None:
    code, _, err = await dial(to="555 1234")
    assert code == 2
    assert "'555 1234' is not a telephone number in E.164, such as +15551234567" in err
    assert twilio.requests == []


async def test_a_number_to_call_from_is_asked_for(dial: Dial) -> None:
    code, out, err = await dial(TWILIO_FROM_NUMBER="")
    assert (code, out) == (1, "")
    assert "export TWILIO_FROM_NUMBER=+1…, or transport.dial.from" in err


async def test_wrong_keys_say_which(dial: Dial) -> None:
    code, _, err = await dial(TWILIO_AUTH_TOKEN="wrong")
    assert code == 1
    assert "Twilio answered 401: Authenticate (20003)" in err
    assert "TWILIO_AUTH_TOKEN" in err
    assert "wrong" not in err


async def test_ctrl_c_ends_a_call_that_rings(twilio: TwilioServer, start: Start) -> None:
    callee = answering(twilio, Callee(ring_seconds=20))
    process = await start()
    await until(lambda: any(call.status == "ringing" for call in twilio.calls.values()), 30)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert out.decode().startswith("canceled: the call was withdrawn")
    assert [call.status for call in twilio.calls.values()] == ["completed"]
    assert callee.calls == []


async def test_ctrl_c_ends_a_conversation(twilio: TwilioServer, start: Start) -> None:
    callee = answering(twilio, Callee())
    process = await start()
    await until(lambda: callee.calls and callee.calls[0].timeline.last_sound(0.0), 30)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert callee.calls[0].over
    # people talked: it was not withdrawn before anybody answered
    assert out.decode().startswith("answered: ")
