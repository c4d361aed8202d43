"""`serve --dispatch pipecat-cloud`: let in and refused here, started there, and freed when Twilio says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from twilio.request_validator import RequestValidator

from agentrun.errors import SetupError, SpecError
from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.server.admission.admission import Limits
from agentrun.server.dispatch import dispatcher
from agentrun.server.lifecycle.options import Worker
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from tests.calls.desk import until
from tests.server.dispatch.cloud import Cloud
from tests.server.twilio.as_twilio import PUBLIC, SECRET

SPEC = "transport: {}\nprompts: {{system: Hi., busy: All busy., apology: Sorry.}}\n"
HOURS = "hours: {zone: UTC, open: {sun: '03:00-03:01'}, closed: We are closed.}\n"
KEY = "an-api-key-of-32-characters-or-so"
CALLER = "+12025550143"
REFUSING = '''"""Refuses a caller."""
from agentrun import ToolError, hookimpl

@hookimpl
def agentrun_call_before(call):
    if call.from_number == "+12025550143":
        raise ToolError("Your account is closed.")
'''


class Desk:
    """A dispatching server, as Twilio asks it."""

    def __init__(self, server: RunningServer, cloud: Cloud) -> None:
        self.server, self.cloud = server, cloud
        self._web = httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)

    @property
    def held(self) -> int:
        return self.server.switchboard.admission.held

    async def ring(self, number: int = 1, caller: str = CALLER, **more: str) -> httpx.Response:
        """Announce a call."""
        return await self.post("voice", number, From=caller, To="+12025550199", CallStatus="ringing", **more)

    async def tell(self, event: str, number: int = 1, **more: str) -> httpx.Response:
        """An event of its stream."""
        form = {"StreamSid": "MZ" + "1" * 32, "StreamEvent": event, "Timestamp": "2026-11-29T05:00:00Z"}
        return await self.post("dispatched", number, **form, **more)

    async def post(self, route: str, number: int, **form: str) -> httpx.Response:
        form = {"AccountSid": "AC" + "0" * 32, "CallSid": call_sid(number), **form}
        path = f"/desk/twilio/{route}"
        signature = RequestValidator(SECRET).compute_signature(PUBLIC + path, form)
        return await self._web.post(path, data=form, headers={"X-Twilio-Signature": str(signature)})

    def record(self, number: int = 1) -> CallRecord | None:
        return self.server.switchboard.records.get("desk", call_sid(number))

    async def counted(self) -> dict[str, float]:
        """Calls by what came of them."""
        lines = (
            await self._web.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
        ).text.splitlines()
        rows = (line for line in lines if line.startswith("agentrun_dispatches_total{"))
        return {row.split('result="')[1].split('"')[0]: float(row.split()[-1]) for row in rows}

    async def close(self) -> None:
        await self._web.aclose()


def call_sid(number: int) -> str:
    return f"CA{number:032x}"


@contextlib.asynccontextmanager
async def desk(
    folder: Path, more: str = "", plugin: str = "", transport: str = "twilio", **options: Any
) -> AsyncIterator[Desk]:
    if plugin:
        (folder / "plugins").mkdir()
        (folder / "plugins" / "gate.py").write_text(plugin)
        more += "tools: [gate]\n"
    (folder / "desk.yaml").write_text(SPEC.format(transport) + more)
    async with Cloud().up() as cloud:
        environ = {"TWILIO_AUTH_TOKEN": SECRET, "AGENTRUN_API_KEY": KEY, **cloud.environ}
        asked = Options(port=0, public_url=PUBLIC, dispatch="pipecat-cloud", **options)
        async with running_server([folder / "desk.yaml"], environ, asked) as server:
            found = Desk(server, cloud)
            try:
                yield found
            finally:
                await found.close()


def verbs(answer: httpx.Response) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(verb.tag, verb.text) for verb in ElementTree.fromstring(answer.text)]


def told(answer: httpx.Response) -> dict[str, str]:
    """The parameters of the stream that Twilio is answered with."""
    parts = ElementTree.fromstring(answer.text).iter("Parameter")
    return {part.attrib["name"]: part.attrib["value"] for part in parts}


OURS = {
    "from_number": CALLER,
    "to_number": "+12025550199",
    "transferred_url": f"{PUBLIC}/desk/twilio/transferred",
}
BUSY = [("Say", "All busy."), ("Hangup", None)]
SORRY = [("Say", "Sorry."), ("Hangup", None)]


async def test_a_call_is_answered_with_the_address_of_a_session_and_no_models_are_needed(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        answer = await one.ring()
        root = ElementTree.fromstring(answer.text)
        stream = root.find("Connect/Stream")
        assert stream is not None
        assert stream.attrib["url"].startswith(f"{one.cloud.url.replace('http', 'ws', 1)}/ws/generic/desk.")
        assert stream.attrib["statusCallback"] == f"{PUBLIC}/desk/twilio/dispatched"
        assert told(answer) == OURS
        assert [verb.tag for verb in root] == ["Connect", "Redirect"]
        assert one.cloud.asked == [{"transport": "websocket"}]
        assert (one.held, one.record(), await one.counted()) == (1, None, {"started": 1})


async def test_a_session_is_told_what_the_callers_side_says_of_the_call(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        answer = await one.ring(1, CALLER, **{"SipHeader_X-Account": "7", "plan": "gold", "note": "a\x0bb"})
        assert told(answer) == {**OURS, "X-Account": "7", "plan": "gold"}


async def test_the_callers_side_says_nothing_in_the_place_of_the_server(tmp_path: Path) -> None:
    forged = dict.fromkeys(("from", "to", "from_number", "to_number", "transferred_url"), "theirs")
    hosts = {"SipHeader__pipecatCloudServiceHost": "another.agent"}
    async with desk(tmp_path) as one:
        answer = await one.ring(1, "", **forged, **hosts)
        assert told(answer) == {**OURS, "from_number": ""}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (HOURS, [("Say", "We are closed."), ("Hangup", None)]),
        (f"callers: {{block: ['{CALLER}']}}\n", [("Reject", None)]),
    ],
)
async def test_who_may_not_call_starts_no_session(
    tmp_path: Path, more: str, words: list[tuple[str, str | None]]
) -> None:
    async with desk(tmp_path, more) as one:
        assert verbs(await one.ring()) == words
        assert (one.cloud.asked, one.held) == ([], 0)


@pytest.mark.parametrize("limit", ["calls: 2", "calls_per_minute: 2", "calls_per_caller: 2"])
async def test_of_three_at_once_two_are_let_in(tmp_path: Path, limit: str) -> None:
    async with desk(tmp_path, f"limits: {{{limit}}}\n") as one:
        answers = [verbs(each) for each in await asyncio.gather(*(one.ring(number) for number in (1, 2, 3)))]
        assert sorted(answer == BUSY for answer in answers) == [False, False, True]
        assert (len(one.cloud.asked), one.held) == (2, 2)


async def test_the_servers_own_limit_holds(tmp_path: Path) -> None:
    async with desk(tmp_path, limits=Limits(calls=1)) as one:
        await one.ring(1)
        assert verbs(await one.ring(2, "+12025550177")) == BUSY


async def test_a_plugin_refuses_before_a_session_is_paid_for(tmp_path: Path) -> None:
    async with desk(tmp_path, plugin=REFUSING) as one:
        assert verbs(await one.ring(1)) == [("Say", "Your account is closed."), ("Hangup", None)]
        record = one.record(1)
        assert record is not None
        assert (record.ended_by, record.from_number, one.held) == ("agent", CALLER, 0)
        assert [verb for verb, _ in verbs(await one.ring(2, "+12025550177"))] == ["Connect", "Redirect"]
        assert one.record(2) is None


@pytest.mark.parametrize(
    ("play", "result", "words"),
    [
        (401, "key", SORRY), (402, "billing", SORRY), (403, "key", SORRY), (404, "missing", SORRY),
        ({"hello": 1}, "answer", SORRY),
    ],
)  # fmt: skip
async def test_a_refusal_is_heard_counted_and_recorded_and_its_place_is_free(
    tmp_path: Path, play: object, result: str, words: list[tuple[str, str | None]]
) -> None:
    async with desk(tmp_path, "limits: {calls: 1}\n") as one:
        one.cloud.plays.append(play)
        assert verbs(await one.ring()) == words
        record = one.record()
        assert record is not None
        assert (record.ended_by, record.ended is not None) == ("error", True)
        assert "Pipecat Cloud" in record.reason
        assert (one.held, await one.counted()) == (0, {result: 1})
        assert [verb for verb, _ in verbs(await one.ring(2))] == ["Connect", "Redirect"]


async def test_a_full_pool_sounds_as_a_full_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrun.server.dispatch.pipecat_cloud.PAUSES", (0.01, 0.01))
    async with desk(tmp_path) as one:
        one.cloud.plays.extend([429] * 3)
        assert verbs(await one.ring()) == BUSY
        assert (len(one.cloud.asked), await one.counted()) == (3, {"full": 1})


async def test_who_cannot_be_answered_is_put_through_where_the_spec_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path, "on_fault: {transfer: '+15551234567', say: Wait.}\n") as one:
        one.cloud.plays.append(404)
        assert verbs(await one.ring()) == [("Say", "Wait."), ("Dial", "+15551234567")]


async def test_a_place_is_kept_while_the_stream_is_up_and_freed_at_its_end(tmp_path: Path) -> None:
    async with desk(tmp_path, "limits: {calls: 1}\n") as one:
        await one.ring(1)
        assert (await one.tell("stream-started")).status_code == 204
        assert verbs(await one.ring(2)) == BUSY
        assert (await one.tell("stream-stopped")).status_code == 204
        assert one.held == 0
        assert [verb for verb, _ in verbs(await one.ring(3))] == ["Connect", "Redirect"]


async def test_an_end_that_is_told_before_its_beginning_keeps_no_place(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        await one.tell("stream-stopped")
        await one.tell("stream-started")
        assert one.held == 0


async def test_who_hangs_up_before_the_stream_frees_the_place_by_the_numbers_own_callback(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        assert (await one.post("dispatched", 1, CallStatus="completed")).status_code == 204
        assert (one.held, one.record()) == (0, None)


async def test_who_hangs_up_while_it_is_started_frees_the_place_a_moment_later(tmp_path: Path) -> None:
    """Nobody tells of a stream that was never opened: a place without one lasts a minute."""
    async with desk(tmp_path) as one:
        await one.ring()
        place = one.server.switchboard.state.own.place("desk", call_sid(1))
        assert place is not None
        assert place.caller == CALLER
        held = one.server.switchboard.state.own._held["desk", call_sid(1)]
        now = asyncio.get_running_loop().time()
        assert held.expires is not None
        assert 30 < held.expires - now < 62
        await one.tell("stream-started")
        held = one.server.switchboard.state.own._held["desk", call_sid(1)]
        assert held.expires is not None
        assert 1800 < held.expires - now < 1900


async def test_a_stream_that_fails_leaves_a_record_and_the_caller_hears_why(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        await one.tell("stream-error", StreamError="handshake failed")
        assert verbs(await one.post("dispatched", 1, CallStatus="in-progress")) == SORRY
        record = one.record()
        assert record is not None
        assert "handshake failed" in record.reason
        assert record.from_number == CALLER
        assert (one.held, (await one.counted())["stream"]) == (0, 1)


async def test_after_a_call_that_went_well_nothing_more_is_said(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        await one.tell("stream-started")
        assert verbs(await one.post("dispatched", 1, CallStatus="in-progress")) == [("Hangup", None)]
        assert one.record() is None


async def test_a_caller_whom_nobody_takes_to_whom_a_session_transferred_them_hears_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        for status, words in (("no-answer", "nobody can take your call there"), ("completed", "")):
            answer = await one.post("transferred", 1, DialCallStatus=status, CallStatus="in-progress")
            [*said, end] = verbs(answer)
            assert end == ("Hangup", None)
            assert [words in str(text) for _, text in said] == [True] * bool(words)


async def test_the_record_that_a_session_has_stored_says_that_nobody_took_its_caller(tmp_path: Path) -> None:
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    async with desk(tmp_path, records=records) as one:
        await one.ring()
        with Store(records) as store:
            record = CallRecord(call_sid(1), "desk", "twilio", reason="the agent transferred the caller")
            record.answer()
            record.close()
            store.save([record.as_json()], "a session", keys=[record.key])
            await one.post("transferred", 1, DialCallStatus="busy", CallStatus="in-progress")

            def reason() -> str:
                return str((store.get(record.id) or {})["reason"])

            await until(lambda: reason() == "the agent transferred the caller; the line there was busy", 10)


async def test_a_webhook_that_is_repeated_takes_no_second_place_and_not_for_ever(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        answers = [await one.ring() for _ in range(dispatcher.MOST_STARTS + 1)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 409]
        assert one.held == 1
        await one.tell("stream-started")
        assert (await one.ring()).status_code == 409


async def test_an_edited_spec_is_taken_into_use_unless_it_can_no_longer_be_dispatched(tmp_path: Path) -> None:
    async with desk(tmp_path, limits=Limits(calls=1), watch=True) as one:
        await one.ring(1)
        path, plans = tmp_path / "desk.yaml", one.server.switchboard
        path.write_text(SPEC.format("twilio").replace("All busy.", "Full."))
        await until(lambda: plans.plans["desk"].spec.prompts.busy == "Full.", 20)
        path.write_text(SPEC.format("[twilio, {type: local, device: browser}]"))
        path.write_text(SPEC.format("twilio").replace("All busy.", "Still full."))
        await until(lambda: plans.plans["desk"].spec.prompts.busy == "Still full.", 20)
        assert verbs(await one.ring(2)) == [("Say", "Still full."), ("Hangup", None)]


async def test_another_worker_is_told_that_a_stream_is_over_and_frees_its_place(tmp_path: Path) -> None:
    shared: dict[str, Any] = {"worker": Worker(ledger=tmp_path / "ledger")}
    async with (
        desk(tmp_path, "limits: {calls: 1}\n", **shared) as first,
        desk(tmp_path, "limits: {calls: 1}\n", **shared) as second,
    ):
        await first.ring(1)
        assert verbs(await second.ring(2)) == BUSY
        await second.tell("stream-started", 1)
        assert verbs(await first.ring(3)) == BUSY
        await second.tell("stream-stopped", 1)
        answers = []
        for _ in range(200):
            answers.append(verbs(await second.ring(4)))
            if answers[-1] != BUSY:
                break
            await asyncio.sleep(0.05)
        assert [verb for verb, _ in answers[-1]] == ["Connect", "Redirect"]


async def test_strangers_free_no_place_and_open_no_stream(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.ring()
        form = {"CallSid": call_sid(1), "StreamEvent": "stream-stopped"}
        async with httpx.AsyncClient(base_url=one.server.url, trust_env=False) as client:
            assert (await client.post("/desk/twilio/dispatched", data=form)).status_code == 403
            for route in ("/desk/twilio/stream", "/desk/twilio/dial", "/"):
                assert (await client.get(route)).status_code in (404, 405)
        assert one.held == 1


@pytest.mark.parametrize(
    ("more", "transport", "options", "words"),
    [
        ("", "[twilio, daily]", {}, "not dispatched"),
        ("", "{type: local, device: browser}", {}, "not dispatched"),
        ("limits: {calls: auto}\n", "twilio", {}, "answered elsewhere"),
        ("limits: {max_duration: 5h}\n", "twilio", {}, "four hours|4 hours"),
        ("", "twilio", {"limits": Limits(calls="auto")}, "max-calls auto"),
        ("", "twilio", {"capacity": 3}, "--capacity"),
        ("", "twilio", {"offline": True}, "--offline"),
        ("", "twilio", {"evals": True}, "--eval"),
    ],
)
async def test_what_cannot_be_dispatched_is_refused_before_anything_listens(
    tmp_path: Path, more: str, transport: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises((SpecError, SetupError), match=words):
        async with desk(tmp_path, more, transport=transport, **options):
            pytest.fail("it was served")


async def test_without_its_key_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC.format("twilio"))
    options = Options(port=0, dispatch="pipecat-cloud")
    with pytest.raises(SetupError, match="PIPECAT_CLOUD_PUBLIC_KEY"):
        async with running_server([tmp_path / "desk.yaml"], {"TWILIO_AUTH_TOKEN": SECRET}, options):
            pytest.fail("it was served")
