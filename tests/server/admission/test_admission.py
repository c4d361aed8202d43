"""As many calls as there is room for, from whom and when the spec says; the others are told politely."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from agentrun import spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.admission import admission
from agentrun.server.admission.admission import Admission, Limits
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.server.shared_state.backend import Process
from agentrun.server.shared_state.memory import MemoryBackend
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, until
from tests.calls.desk import open_desk as open_telephone
from tests.server.daily.daily_desk import open_desk as open_daily

SPEC = "transport: twilio\nprompts: {{system: Hi., greeting: Hello., apology: Sorry.{busy}}}\n{rest}\n"
NOON = datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
"""A Wednesday, twelve o'clock in New York."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def plan(folder: Path, rest: str = "", name: str = "desk", busy: str = "") -> Plan:
    path = folder / f"{name}.yaml"
    path.write_text(SPEC.format(rest=rest, busy=busy), encoding="utf-8")
    return planning.make(spec.load(path), (), {"OPENAI_API_KEY": "test"})


async def kinds(door: Admission, agent: Plan, calls: range, caller: str = "+1555") -> list[str]:
    """What each call of a row is told; empty where it is let in."""
    refusals = [await door.ask(agent, f"CA{number}", caller) for number in calls]
    return [refusal.kind if refusal else "" for refusal in refusals]


async def kind_of(door: Admission, agent: Plan, caller: str) -> str:
    """What the next call of ``caller`` is told; empty where it is let in."""
    refusal = await door.ask(agent, f"CA{door.held}", caller)
    return refusal.kind if refusal else ""


async def test_a_machine_is_not_full_of_calls_whose_streams_came_to_another_one(tmp_path: Path) -> None:
    clock, both = Clock(), MemoryBackend()
    here, there = (Admission(clock=clock, state=SharedState(both, Process(name))) for name in "ab")
    desk = plan(tmp_path)
    here.carries = 2
    assert await kinds(here, desk, range(3)) == ["", "", "full"]
    there.begin("desk", "CA0", elsewhere="+1555")
    await there.state.beat()
    clock.now += admission.LOOK_SECONDS
    assert await kinds(here, desk, range(3, 5)) == ["", "full"]
    assert (here.expected, here.state.own.held) == (2, 2)


async def test_there_are_as_many_calls_as_there_are_places(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls: 2}")
    assert await kinds(door, desk, range(3)) == ["", "", "busy"]
    door.release("desk", "CA0")
    assert await kinds(door, desk, range(3, 5)) == ["", "busy"]


async def test_the_places_of_the_server_are_shared_by_its_agents(tmp_path: Path) -> None:
    door = Admission(Limits(calls=1))
    desk, other = plan(tmp_path), plan(tmp_path, name="other")
    assert await kinds(door, desk, range(1)) == [""]
    assert await kinds(door, other, range(1)) == ["busy"]


async def test_one_caller_can_not_take_every_line(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls_per_caller: 1}")
    assert await kinds(door, desk, range(2), "+1555") == ["", "caller"]
    assert await kinds(door, desk, range(2, 3), "+1666") == [""]


async def test_a_minute_has_so_many_calls_also_when_they_are_short(tmp_path: Path) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path, "limits: {calls_per_minute: 2}")
    for call in ("CA0", "CA1"):
        assert await door.ask(desk, call, "+1555") is None
        door.release("desk", call)
    clock.now += 20
    refusal = await door.ask(desk, "CA2", "+1555")
    assert refusal is not None
    assert (refusal.kind, refusal.retry_after) == ("minute", 40.0)
    clock.now += 40
    assert await door.ask(desk, "CA2", "+1555") is None


async def test_a_refused_call_counts_nowhere(tmp_path: Path) -> None:
    door = Admission(Limits(calls_per_minute=2))
    desk, other = plan(tmp_path, "limits: {calls: 1}"), plan(tmp_path, name="other")
    assert await kinds(door, desk, range(5)) == ["", "busy", "busy", "busy", "busy"]
    assert await kinds(door, other, range(2)) == ["", "minute"]


async def test_a_place_is_free_again_when_its_call_never_comes(tmp_path: Path) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path, "limits: {calls: 1}")
    assert await kinds(door, desk, range(1)) == [""]
    clock.now += LIFETIME_SECONDS
    assert await kinds(door, desk, range(1, 2)) == ["busy"], "its token is still good"
    clock.now += admission.MARGIN_SECONDS
    assert await kinds(door, desk, range(1, 2)) == [""]


async def test_a_call_that_is_up_keeps_its_place(tmp_path: Path) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path, "limits: {calls: 1}")
    assert await kinds(door, desk, range(1)) == [""]
    door.begin("desk", "CA0")
    clock.now += 3600
    assert await kinds(door, desk, range(1, 2)) == ["busy"]


async def test_a_webhook_that_is_repeated_takes_one_place(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls: 2, calls_per_minute: 2}")
    assert [await door.ask(desk, "CA0", "+1555") for _ in range(3)] == [None] * 3
    assert await kinds(door, desk, range(1, 3)) == ["", "busy"]


async def test_a_webhook_that_is_repeated_late_keeps_its_place_as_long_as_its_new_token(
    tmp_path: Path,
) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path, "limits: {calls: 1}")
    assert await kinds(door, desk, range(1)) == [""]
    clock.now += LIFETIME_SECONDS - 1
    assert await kinds(door, desk, range(1)) == [""]
    clock.now += LIFETIME_SECONDS - 1
    assert await kinds(door, desk, range(1, 2)) == ["busy"]


@pytest.mark.parametrize(
    ("rest", "let_in", "refused"),
    [
        ("callers: {allow: ['+1', '+44']}", ["+15551234567", "+442071234567"], ["+4930123456", ""]),
        ("callers: {block: '+1900'}", ["+15551234567", "", "anonymous"], ["+19005551234"]),
        ("callers: {allow: '+1', block: '+1900'}", ["+1800555"], ["+1900555", "+33123"]),
        ("callers: {block: anonymous}", ["+15551234567"], ["", "anonymous", "Restricted", "+266696687"]),
        ("callers: {allow: ['+1', anonymous]}", ["+1555", "", "Restricted"], ["+44207", "client:alice"]),
        ("callers: {block: anonymous}", ["client:alice", "4155551234"], ["sip:anonymous@anonymous.invalid"]),
        ("callers: {block: anonymous}", ["sip:alice@example.com", "72462"], ["+7378742833", "+Unknown"]),
        ("callers: {allow: '+1'}", ["sip:+14155551234@carrier.com;user=phone"], ["sip:+4420@carrier.com"]),
        ("callers: {allow: '+1'}", ["whatsapp:+14155551234", "tel:+1415"], ["4155551234", "client:+1415"]),
        (
            "callers: {block: '+1900'}",
            ["sip:1900@x.com"],
            ["sip:+19005551234@x.com", "sips:%2B1900555@x.com"],
        ),
    ],
)
async def test_callers_are_let_in_by_how_their_number_begins(
    tmp_path: Path, rest: str, let_in: list[str], refused: list[str]
) -> None:
    door, desk = Admission(), plan(tmp_path, rest)
    for number in (*let_in, *refused):
        refusal = await door.ask(desk, number, number)
        assert (refusal.kind if refusal else "") == ("" if number in let_in else "blocked"), number


@pytest.mark.parametrize("caller", ["+266696687", "Restricted", "", "sip:anonymous@anonymous.invalid"])
async def test_hidden_callers_are_not_one_caller(tmp_path: Path, caller: str) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls_per_caller: 1}")
    assert [await door.ask(desk, call, caller) for call in ("CA0", "CA1")] == [None, None]
    door.begin("desk", "CA2", elsewhere=caller)
    assert await door.ask(desk, "CA3", caller) is None


async def test_a_number_counts_once_however_its_network_writes_it(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls_per_caller: 1}")
    assert await kind_of(door, desk, "+14155551234") == ""
    for same in ("sip:+14155551234@a.example", "sip:+14155551234@b.example;user=phone"):
        assert await kind_of(door, desk, same) == "caller"
    assert await kind_of(door, desk, "client:alice") == ""
    assert await kind_of(door, desk, "client:alice") == "caller"


async def test_a_placed_call_is_counted_as_long_as_it_rings(tmp_path: Path) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path, "limits: {}")
    door.carries = 2
    refused = []
    for number in range(4):
        refusal = await door.take(desk, f"dial-{number}", f"+1555{number}", seconds=90)
        refused.append(refusal.kind if refusal else "")
        clock.now += 6
    assert refused == ["", "", "full", "full"]
    door.rename("desk", "dial-0", "CA0")
    assert door.expected == 2
    door.release("desk", "CA0")
    assert await door.take(desk, "dial-9", "+15559", seconds=90) is None
    clock.now += 90
    assert door.expected == 0, "nobody hears of it any more"


async def test_a_page_has_no_number_that_a_list_could_refuse(tmp_path: Path) -> None:
    assert await Admission().ask(plan(tmp_path, "callers: {allow: '+1'}"), "x") is None


async def test_outside_its_hours_an_agent_says_when_to_try_again(tmp_path: Path) -> None:
    desk = plan(tmp_path, "hours: {zone: America/New_York, open: {wed: 13:00-17:30, thu: 09:00-17:00}}")
    refusal = await Admission(now=lambda: NOON).ask(desk, "CA0", "+1555")
    assert refusal is not None
    assert (refusal.kind, refusal.retry_after) == ("closed", 3600.0)
    assert await Admission(now=lambda: NOON.replace(hour=18)).ask(desk, "CA0", "+1555") is None


async def test_nothing_is_let_in_once_the_server_stops(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path)
    door.stop()
    assert await kinds(door, desk, range(1)) == ["stopping"]
    refusal = await door.take(desk, "dial", "+1555")
    assert refusal is not None


def test_streams_are_left_to_others_once_those_of_its_own_calls_have_come() -> None:
    clock = Clock()
    door = Admission(clock=clock)
    assert not door.awaits_nobody
    door.stop()
    clock.now += admission.EXPECTED_SECONDS - 0.1
    door.stop()
    assert not door.awaits_nobody, "Twilio may be opening a stream that it was told of before"
    clock.now += 0.2
    assert door.awaits_nobody


async def test_the_stream_of_a_call_that_still_rings_is_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    door, desk = Admission(clock=clock), plan(tmp_path)
    assert await door.take(desk, "dial-1", "+1555", seconds=90) is None
    door.stop()
    clock.now += admission.EXPECTED_SECONDS
    assert not door.awaits_nobody
    door.rename("desk", "dial-1", "CA1")
    assert not door.awaits_nobody
    door.begin("desk", "CA1")
    assert door.awaits_nobody


async def test_a_call_that_the_agent_places_has_a_place_whatever_its_name(tmp_path: Path) -> None:
    door, desk = Admission(), plan(tmp_path, "limits: {calls: 1}\ncallers: {block: '+1'}")
    assert await door.take(desk, "dial-1", "+1555") is None
    door.rename("desk", "dial-1", "CA1")
    door.begin("desk", "CA1")
    assert await door.take(desk, "dial-2", "+1666") is not None
    door.release("desk", "CA1")
    assert await door.take(desk, "dial-2", "+1666") is None


@contextlib.asynccontextmanager
async def serving(
    folder: Path, rest: str, busy: str = ""
) -> AsyncIterator[tuple[RunningServer, httpx.AsyncClient]]:
    """A server that takes unsigned calls."""
    (folder / "desk.yaml").write_text(SPEC.format(rest=rest, busy=busy), encoding="utf-8")
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        options = Options(port=0, insecure=True)
        async with (
            running_server([folder / "desk.yaml"], environ, options) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client,
        ):
            yield server, client


async def answer_to(client: httpx.AsyncClient, number: int, caller: str = "+12025550143") -> list[str]:
    """The verbs of the TwiML that a call is answered with, and what is spoken."""
    form = {"CallSid": f"CA{number}", "From": caller, "To": "+12025550199"}
    answer = await client.post("/desk/twilio/voice", data=form)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    return [text for verb in ElementTree.fromstring(answer.text) for text in (verb.tag, verb.text or "")]


async def test_of_fifty_calls_at_once_five_are_let_in_and_the_others_hear_a_polite_answer(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, "limits: {calls: 5}", ", busy: Please call later.") as (server, client):
        answers = await asyncio.gather(*(answer_to(client, number) for number in range(50)))
        assert sum(answer == ["Connect", ""] for answer in answers) == 5
        assert sum(answer == ["Say", "Please call later.", "Hangup", ""] for answer in answers) == 45
        assert server.switchboard.live == 0


async def test_without_words_for_it_the_line_is_busy(tmp_path: Path) -> None:
    async with serving(tmp_path, "limits: {calls: 1}", ", busy: null") as (_, client):
        assert await answer_to(client, 1) == ["Connect", ""]
        assert await answer_to(client, 2) == ["Reject", ""]


async def test_who_is_blocked_is_rejected_and_who_calls_at_night_hears_the_closing_words(
    tmp_path: Path,
) -> None:
    closed = "hours: {zone: UTC, open: {mon: 00:00-00:01}, closed: We are closed.}\ncallers: {block: '+1900'}"
    async with serving(tmp_path, closed) as (server, client):
        server.switchboard.admission._now = lambda: NOON
        assert await answer_to(client, 1, "+19005550143") == ["Reject", ""]
        assert await answer_to(client, 2) == ["Say", "We are closed.", "Hangup", ""]


async def test_who_would_be_one_too_many_for_the_machine_hears_that_all_lines_are_busy(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, "limits: {calls: auto}") as (server, client):
        assert server.switchboard.admission.capacity
        assert server.switchboard.admission.capacity() > 1
        server.switchboard.admission.capacity = lambda: 1
        assert (await answer_to(client, 1))[0] == "Connect"
        assert (await answer_to(client, 2))[0] == "Say"


async def test_a_program_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with open_daily(tmp_path) as desk:
        desk.switchboard.admission._limits = Limits(calls=1)
        assert (await desk.post("/desk/daily/start")).status_code == 200
        refused = await desk.post("/desk/daily/start")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        desk.switchboard.admission._limits = Limits(calls_per_minute=1)
        refused = await desk.post("/desk/daily/start")
        assert refused.status_code == 429
        assert 55 <= int(refused.headers["retry-after"]) <= 60
        assert len(desk.daily.rooms) == 1, "nothing was made for the refused"


async def test_a_room_that_can_not_be_made_takes_no_place(tmp_path: Path) -> None:
    async with open_daily(tmp_path) as desk:
        desk.switchboard.admission._limits = Limits(calls=1)
        desk.daily.faults["POST rooms"] = Fault("status", 500)
        assert [(await desk.post("/desk/daily/start")).status_code for _ in range(3)] == [502] * 3


async def test_the_line_of_a_call_that_ended_is_free_again(tmp_path: Path) -> None:
    async with open_telephone(tmp_path, [HELLO], overrides={"limits.calls": "1"}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            taken = await desk.server.switchboard.admission.ask(
                desk.server.switchboard.plans["desk"], "x", "+1"
            )
            assert taken is not None
        await until(lambda: desk.server.switchboard.live == 0, 15)
        assert (
            await desk.server.switchboard.admission.ask(desk.server.switchboard.plans["desk"], "x", "+1")
            is None
        )
