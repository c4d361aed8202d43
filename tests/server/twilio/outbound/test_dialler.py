"""An agent calls somebody over Twilio: what comes of it is in the record, whoever answers, or nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from agentrun.errors import SetupError
from agentrun.records import CallRecord
from agentrun.server.twilio.outbound.dialler import NumberError
from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.twilio import Callee, Network, TwilioServer
from agentrun.simulate.twilio.calls import TwilioCall
from agentrun.transports.twilio_rest import TwilioAccount, TwilioError
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, open_desk, until

TO, FROM, KEY = "+15557654321", "+15551234567", "the-servers-key"
MESSAGE = "Please call us back."


@dataclass
class Exchange:
    """A desk that calls out, Twilio's mock server, and who is called."""

    desk: Desk
    twilio: TwilioServer
    callee: Callee

    async def dial(self, to: str = TO, parameters: Mapping[str, str] | None = None) -> CallRecord:
        """Place a call and follow it to its end."""
        diallers = self.desk.server.diallers
        async with asyncio.timeout(40):
            return await diallers.follow(await diallers.place("desk", to, parameters))

    async def post(self, body: object, key: str | None = KEY, path: str = "dial") -> httpx.Response:
        """Ask for a call over HTTP."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(f"{self.desk.url}/twilio/{path}", json=body, headers=headers)


@contextlib.asynccontextmanager
async def exchange(
    folder: Path,
    callee: Callee | None = None,
    dial: str = "{}",
    environ: Mapping[str, str] | None = None,
    greetings: int = 1,
) -> AsyncIterator[Exchange]:
    callee = callee or Callee()
    overrides = {
        "transport": f"{{type: twilio, dial: {dial}}}",
        "prompts.system": "You call {{ call.body.patient }}.",
    }
    async with TwilioServer() as twilio:
        twilio.connect(Network(twilio.auth_token, callee).put_through)
        env = {**twilio.environ(), "TWILIO_FROM_NUMBER": FROM, "AGENTRUN_API_KEY": KEY, **(environ or {})}
        answers = [HELLO] * greetings + [OPEN]
        async with open_desk(folder, answers, overrides=overrides, environ=env, insecure=False) as desk:
            yield Exchange(desk, twilio, callee)


async def asks(call: PhoneCall) -> None:
    """A person who asks a question and hangs up."""
    await call.hear_greeting(silence=0.5)
    await call.say(QUESTION)
    await call.hear_answer(silence=0.5)
    await call.hang_up()


async def test_a_person_who_answers_talks_with_the_agent(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee(lives=asks)) as calls:
        record = await calls.dial()
    assert (record.direction, record.outcome, record.ended_by) == ("outbound", "answered", "caller")
    assert (record.from_number, record.to_number) == (FROM, TO)
    assert record.id in calls.twilio.calls
    assert [entry.who for entry in record.transcript] == ["agent", "caller", "agent"]
    assert set(calls.callee.told) == {204}


async def test_the_parameters_of_a_call_reach_the_prompts(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee(lives=asks)) as calls:
        await calls.dial(parameters={"patient": "Ada"})
        assert "You call Ada." in str(calls.desk.brain.asked[0])
        assert "Ada" not in str(calls.twilio.requests[0].form), "Twilio need not know"


async def test_a_machine_is_hung_up_on(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee("machine_start"), "{machine: hang_up}") as calls:
        record = await calls.dial()
    assert (record.outcome, record.answered_by, record.ended_by) == ("machine", "machine_start", "agent")
    assert record.reason == "a machine answered: machine_start"
    assert calls.twilio.requests[0].form["MachineDetection"] == "Enable"


async def test_a_machine_gets_the_message_after_its_beep(tmp_path: Path) -> None:
    dial = f"{{machine: message, message: {MESSAGE}}}"
    async with exchange(tmp_path, Callee("machine_end_beep", ring_seconds=1.0), dial) as calls:
        record = await calls.dial()
        assert MESSAGE in calls.desk.voice.spoken
    assert (record.outcome, record.reason) == ("machine", "left a message: machine_end_beep")
    assert calls.twilio.requests[0].form["MachineDetection"] == "DetectMessageEnd"
    assert calls.callee.calls[0].timeline.seconds > 0.5


class EarlyVerdict(Network):
    """Twilio that knows who answered before its stream is there."""

    async def _tell(self, call: TwilioCall, status: str) -> None:
        await super()._tell(call, status)
        if status == "in-progress":
            await self._detect(call)


@pytest.mark.parametrize(
    ("answered_by", "dial", "reason"),
    [
        ("machine_start", "{machine: hang_up}", "a machine answered: machine_start"),
        ("fax", f"{{machine: message, message: {MESSAGE}}}", "left a message: fax"),
    ],
)
async def test_a_machine_that_is_known_before_the_stream_is_there_is_not_talked_with(
    tmp_path: Path, answered_by: str, dial: str, reason: str
) -> None:
    async with exchange(tmp_path, Callee(answered_by), dial) as calls:
        network = EarlyVerdict(calls.twilio.auth_token, calls.callee)
        calls.twilio.connect(network.put_through)
        record = await calls.dial()
    assert (record.outcome, record.answered_by) == ("machine", answered_by)
    assert (record.ended_by, record.reason) == ("agent", reason)


async def test_a_call_is_placed_once_also_where_the_answer_of_twilio_gets_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = TwilioAccount.place

    async def lose(account: TwilioAccount, form: Mapping[str, str | Sequence[str]]) -> str:
        await place(account, form)
        raise TwilioError("Twilio can't be reached: ReadTimeout", unknown=True)

    monkeypatch.setattr(TwilioAccount, "place", lose)
    async with exchange(tmp_path, Callee(lives=asks)) as calls:
        answer = await calls.post({"to": TO})
        record = calls.desk.server.switchboard.records.get("desk", answer.json()["callId"])
        assert answer.status_code == 201
        assert record is not None
        await until(lambda: record.ended is not None, 40)
    assert (record.outcome, record.ended_by) == ("answered", "caller")
    assert len(calls.twilio.calls) == 1


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("busy", "the line was busy"),
        ("no-answer", "nobody answered"),
        ("failed", "the call could not be put through"),
    ],
)
async def test_a_call_that_nobody_answers_has_its_record(tmp_path: Path, end: str, reason: str) -> None:
    async with exchange(tmp_path, Callee(end=end)) as calls:  # type: ignore[arg-type]
        record = await calls.dial()
        kept = calls.desk.server.switchboard.records.get("desk", record.id)
    assert (record.outcome, record.ended_by, record.reason) == (end, "network", reason)
    assert record.ended is not None
    assert kept is record


async def test_lost_callbacks_are_made_up_for_by_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.server.twilio.outbound.dialler.POLL_SECONDS", 0.1)
    async with exchange(tmp_path, Callee(end="busy")) as calls:
        network = Network("a wrong token", calls.callee)
        calls.twilio.connect(network.put_through)
        record = await calls.dial()
    assert record.outcome == "busy"
    assert set(calls.callee.told) == {403}, "an unsigned callback was believed"


async def test_two_calls_at_once_have_a_record_each(tmp_path: Path) -> None:
    async def listens(call: PhoneCall) -> None:
        await call.hear_greeting(silence=0.5)
        await call.hang_up()

    async with exchange(tmp_path, Callee(lives=listens), greetings=2) as calls:
        one, two = await asyncio.gather(calls.dial(), calls.dial("+15550001111"))
    assert one.id != two.id
    assert {one.to_number, two.to_number} == {TO, "+15550001111"}
    assert (one.outcome, two.outcome) == ("answered", "answered")


async def test_a_call_that_is_withdrawn_while_it_rings_never_reaches_anybody(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee(ring_seconds=1.0)) as calls:
        diallers = calls.desk.server.diallers
        outgoing = await diallers.place("desk", TO)
        await diallers.withdraw(outgoing)
        record = await diallers.follow(outgoing)
    assert (record.outcome, record.ended_by) == ("canceled", "network")
    assert calls.callee.calls == []


@pytest.mark.parametrize(
    ("to", "dial", "message"),
    [
        ("5557654321", "{}", "'5557654321' is not a telephone number"),
        ("+1 555", "{}", "is not a telephone number"),
        ("+15557654321", "{allow: ['+44']}", "numbers that begin with [+]15 may not be called"),
    ],
)
async def test_a_wrong_number_never_gets_to_twilio(tmp_path: Path, to: str, dial: str, message: str) -> None:
    async with exchange(tmp_path, dial=dial) as calls:
        with pytest.raises(NumberError, match=message):
            await calls.dial(to)
        assert (await calls.post({"to": to})).status_code == 422
        assert calls.twilio.requests == []


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 32}, "Twilio answered 401: Authenticate [(]20003[)]"),
        ({"TWILIO_API_BASE_URL": "http://127.0.0.1:9"}, "Twilio can't be reached: ConnectError"),
    ],
)
async def test_a_refusal_of_twilio_is_told_and_kept(
    tmp_path: Path, environ: Mapping[str, str], message: str
) -> None:
    async with exchange(tmp_path, environ=environ) as calls:
        with pytest.raises(TwilioError, match=message):
            await calls.dial()
        answer = await calls.post({"to": TO})
        assert answer.status_code == 502
        newest = calls.desk.server.switchboard.records.newest()[0]
    assert (newest.outcome, newest.ended_by) == ("failed", "network")
    assert calls.twilio.auth_token not in answer.text + newest.reason


async def test_a_number_to_call_from_is_needed(tmp_path: Path) -> None:
    async with exchange(tmp_path, environ={"TWILIO_FROM_NUMBER": ""}) as calls:
        with pytest.raises(SetupError, match="the number to call from is missing"):
            await calls.dial()
        assert (await calls.post({"to": TO})).status_code == 503


async def test_only_who_has_the_key_may_have_the_agent_call(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee(end="busy")) as calls:
        assert [(await calls.post({"to": TO}, key)).status_code for key in (None, "wrong")] == [401, 401]
        assert calls.twilio.requests == []
        answer = await calls.post({"to": TO})
        assert answer.status_code == 201
        assert answer.json()["callId"] in calls.twilio.calls


async def test_so_many_calls_a_minute_and_no_more(tmp_path: Path) -> None:
    async with exchange(tmp_path, Callee(end="busy"), "{per_minute: 2}") as calls:
        answers = await asyncio.gather(*(calls.post({"to": TO}) for _ in range(5)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [201, 201, 429, 429, 429]
        assert all(int(a.headers["Retry-After"]) > 50 for a in answers if a.status_code == 429)
        assert len(calls.twilio.calls) == 2


async def test_a_strange_request_is_refused_before_it_costs_anything(tmp_path: Path) -> None:
    async with exchange(tmp_path) as calls:
        bad = ({"a b": "c"}, {"note": "x" * 496}, {"token": "mine"}, {"note": "a\0b"}, {"to_number": "+1"})
        uncarried = ({"to": TO, "parameters": each} for each in (*bad, {f"n{i}": "" for i in range(31)}))
        bodies: tuple[object, ...] = ({}, {"to": TO, "x": 1}, *uncarried, [], {"to": "1" * 99})
        for body in bodies:
            assert (await calls.post(body)).status_code == 422, body
        assert calls.twilio.requests == []
