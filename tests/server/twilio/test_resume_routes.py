"""What Twilio asks when a stream has ended: who may ask, about which call, and what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.server.auth import derived_keys
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.server.twilio.action_tokens import LIFETIME_SECONDS, ActionTokens, EndedStream
from agentrun.server.twilio.resume_routes import MOST_LOST
from tests.server.twilio.as_twilio import CALL, SECRET, SPEC, post, sign

ENVIRON = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "TWILIO_AUTH_TOKEN": SECRET}
FIRST = EndedStream(0)
KEYS = derived_keys.for_purpose(ENVIRON, "action token", b"")


async def test_an_action_connects_the_call_of_its_token_alone_and_once(tmp_path: Path) -> None:
    spec, url = tmp_path / "desk.yaml", f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    spec.write_text(SPEC.format(name="desk") + "resume: true\n")
    tokens = ActionTokens(KEYS)
    async with running_server([spec], ENVIRON, Options(port=0, records=url)) as server:

        async def ask(token: str) -> tuple[int, str, str]:
            """The status, the first verb, and the action of what is answered."""
            address = f"{server.url}/desk/twilio/resume?stream={token}"
            answer = await post(address, sign(address))
            if answer.status_code != 200:
                return answer.status_code, "", ""
            verb = ElementTree.fromstring(answer.text)[0]
            return 200, verb.tag, urlsplit(verb.get("action", "")).query.removeprefix("stream=")

        mine = tokens.mint("desk", CALL, FIRST)
        assert await ask("") == (403, "", "")
        assert await ask(tokens.mint("desk", "CA" + "f" * 32, FIRST)) == (403, "", "")
        assert await ask(tokens.mint("other", CALL, FIRST)) == (403, "", "")
        assert await ask(ActionTokens().mint("desk", CALL, FIRST)) == (403, "", "")
        unsigned = await post(f"{server.url}/desk/twilio/resume?stream={mine}", None)
        assert unsigned.status_code == 403
        with Store(url) as store:
            record = CallRecord(CALL, "desk", "twilio")
            store.save(
                [record.as_json()], "a server that was killed", keys=[record.key], snapshots=[{"a": 1}]
            )
            status, verb, following = await ask(mine)
            assert (status, verb) == (200, "Connect")
            assert (await ask(following))[1] == "Connect", "a stream that was refused is asked for again"
            assert store.resuming.take("desk", CALL, "another server", 0) is not None
            assert await ask(mine) == (200, "Hangup", ""), "the call was resumed with it"
            assert (await ask(following))[1] == "Connect"


async def test_a_call_whose_stream_has_reached_nobody_is_connected_anew_until_it_was_answered(
    tmp_path: Path,
) -> None:
    spec, url = tmp_path / "desk.yaml", f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    spec.write_text(SPEC.format(name="desk") + "resume: true\nlimits: {calls: 1}\n")
    first = ActionTokens(KEYS).mint("desk", CALL, FIRST)
    async with running_server([spec], ENVIRON, Options(port=0, records=url)) as server:

        async def ask(token: str) -> str:
            """The token of the next stream's action; nothing where the call is hung up."""
            address = f"{server.url}/desk/twilio/resume?stream={token}"
            answer = await post(address, sign(address))
            assert answer.status_code == 200
            found = ElementTree.fromstring(answer.text)
            assert [verb.tag for verb in found] in (["Pause", "Connect"], ["Hangup"])
            action = urlsplit(found[-1].get("action", "")).query
            return action.removeprefix("stream=")

        shown = first
        for _ in range(MOST_LOST):
            shown = await ask(shown)
            assert shown
        assert server.switchboard.admission.held == 1, "it has its place, and no second one"
        assert await ask(shown) == "", "a few streams are enough"
        assert await server.switchboard.answered.claim("desk", CALL)
        assert await ask(first) == "", "a stream has come"
        await server.switchboard.answered.forget("desk", CALL)
        assert await ask(first)
        with Store(url) as store:
            record = CallRecord(CALL, "desk", "twilio", ended=datetime.now(UTC), ended_by="error")
            store.save([record.as_json()], "another server", keys=[record.key])
        assert await ask(first) == "", "a stream was refused"


def test_a_token_is_of_no_use_after_a_day() -> None:
    now = [1_000_000.0]
    tokens = ActionTokens(KEYS, lambda: now[0])
    token = tokens.mint("desk", CALL, EndedStream(3, "dial-1", 2))
    ended = tokens.read(token, "desk", CALL)
    assert ended == EndedStream(3, "dial-1", 2)
    now[0] += LIFETIME_SECONDS + 1
    assert tokens.read(token, "desk", CALL) is None
    assert ActionTokens((b"x" * 32, *KEYS), lambda: now[0] - LIFETIME_SECONDS).read(token, "desk", CALL)
