"""``agentrun dial`` as it is used: its exit code says what came of the call, its output why."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.twilio import Callee, Network, TwilioServer
from tests import programs
from tests.calls.desk import until

ROOT = Path(__file__).parents[2]
TO, FROM = "+15557654321", "+15551234567"
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioServer]:
    async with TwilioServer() as server:
        yield server


@pytest.fixture
def dialling(twilio: TwilioServer) -> Iterator[Start]:
    """Starts the command; none outlives its test."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(*more: str, to: str = TO, **environ: str) -> asyncio.subprocess.Process:
        started.append(await start(twilio, *more, to=to, **environ))
        return started[-1]

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()


def answering(twilio: TwilioServer, callee: Callee) -> Callee:
    twilio.connect(Network(twilio.auth_token, callee).put_through)
    return callee


async def start(twilio: TwilioServer, *more: str, to: str = TO, **environ: str) -> asyncio.subprocess.Process:
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **twilio.environ(), "TWILIO_FROM_NUMBER": FROM}
    command = ("-m", "agentrun", "dial", "agents/ncaa.yaml", "--to", to, "--offline", "--port", "0", *more)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**env, **environ},
        cwd=ROOT,
    )


async def dial(twilio: TwilioServer, *more: str, to: str = TO, **environ: str) -> tuple[int, str, str]:
    process = await start(twilio, *more, to=to, **environ)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def hears_the_greeting(call: PhoneCall) -> None:
    await call.hear_greeting()
    await call.hang_up()


def lives(life: Callable[[PhoneCall], Awaitable[None]] = hears_the_greeting) -> Callee:
    return Callee(lives=life)


async def test_a_person_who_answers_is_zero_and_a_record(twilio: TwilioServer) -> None:
    answering(twilio, lives())
    code, out, err = await dial(twilio, "--json")
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert (record["outcome"], record["ended_by"], record["direction"]) == ("answered", "caller", "outbound")
    assert record["to_number"] == TO
    assert "March Madness" in record["transcript"][0]["text"]


async def test_the_conversation_is_shown(twilio: TwilioServer) -> None:
    answering(twilio, lives())
    code, out, _ = await dial(twilio)
    assert code == 0
    assert out.startswith("answered: the caller hung up")
    assert "March Madness" in out


async def test_a_machine_is_four(twilio: TwilioServer) -> None:
    answering(twilio, Callee("machine_start"))
    machine = "transport={type: twilio, dial: {machine: hang_up}}"
    code, out, _ = await dial(twilio, "--set", machine)
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
async def test_nobody_who_answers_has_a_code(twilio: TwilioServer, end: str, expected: int) -> None:
    answering(twilio, Callee(end=end))  # type: ignore[arg-type]
    code, out, _ = await dial(twilio)
    assert code == expected
    assert out.startswith(f"{end}: ")


async def test_a_number_that_is_none_is_a_mistake_of_use(twilio: TwilioServer) -> None:
    code, _, err = await dial(twilio, to="555 1234")
    assert code == 2
    assert "'555 1234' is not a telephone number in E.164, such as +15551234567" in err
    assert twilio.requests == []


async def test_a_number_to_call_from_is_asked_for(twilio: TwilioServer) -> None:
    code, out, err = await dial(twilio, TWILIO_FROM_NUMBER="")
    assert (code, out) == (1, "")
    assert "export TWILIO_FROM_NUMBER=+1…, or transport.dial.from" in err


async def test_wrong_keys_say_which(twilio: TwilioServer) -> None:
    code, _, err = await dial(twilio, TWILIO_AUTH_TOKEN="wrong")
    assert code == 1
    assert "Twilio answered 401: Authenticate (20003)" in err
    assert "TWILIO_AUTH_TOKEN" in err
    assert "wrong" not in err


async def test_ctrl_c_ends_a_call_that_rings(twilio: TwilioServer, dialling: Start) -> None:
    callee = answering(twilio, Callee(ring_seconds=20))
    process = await dialling()
    await until(lambda: any(call.status == "ringing" for call in twilio.calls.values()), 30)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert out.decode().startswith("canceled: the call was withdrawn")
    assert [call.status for call in twilio.calls.values()] == ["completed"]
    assert callee.calls == []


async def test_ctrl_c_ends_a_conversation(twilio: TwilioServer, dialling: Start) -> None:
    callee = answering(twilio, Callee())
    process = await dialling()
    await until(lambda: callee.calls and callee.calls[0].timeline.last_sound(0.0), 30)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert callee.calls[0].over
    # people talked: it was not withdrawn before anybody answered
    assert out.decode().startswith("answered: ")
