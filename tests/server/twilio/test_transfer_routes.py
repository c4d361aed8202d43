"""What Twilio asks when a transfer has ended: nobody who was not taken is hung up on without a word."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agentrun.records import CallRecord
from agentrun.server.lifecycle.startup import Options, running_server
from tests.server.twilio.as_twilio import CALL, SECRET, SPEC, post, serving, sign

WORDS = "nobody can take your call there"


async def ask(url: str, status: str, **more: str) -> str:
    """What Twilio is answered on this machine, where it needs no signature."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, data={"CallSid": CALL, "DialCallStatus": status, **more})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("busy", "; the line there was busy"),
        ("no-answer", "; nobody answered there"),
        ("failed", "; the call could not be put through there"),
        ("completed", ""),
        ("answered", ""),
        ("canceled", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("caller", ["in-progress", "completed"])
async def test_a_caller_whom_nobody_takes_hears_so_and_the_record_says_why(
    tmp_path: Path, status: str, reason: str, caller: str
) -> None:
    """Also of one who has hung up while it rang there, and hears nothing more."""
    (spec := tmp_path / "desk.yaml").write_text(SPEC.format(name="desk"))
    environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    async with running_server([spec], environ, Options(port=0, insecure=True)) as server:
        record = CallRecord(CALL, "desk", "twilio", reason="the agent transferred the caller")
        record.answer()
        record.close()
        server.switchboard.records.add(record)
        url = f"{server.url}/desk/twilio/transferred"
        for _ in range(2):
            said = await ask(url, status, CallStatus=caller)
            assert said.endswith("<Hangup /></Response>")
            assert (WORDS in said) == (bool(reason) and caller == "in-progress")
    assert record.reason == f"the agent transferred the caller{reason}"


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ("unanswered: Da ist niemand.", '<Say language="de-DE">Da ist niemand.</Say><Hangup'),
        ("unanswered: null", "<Response><Hangup"),
        ("apology: Schade.", f'<Say language="en-US">I am sorry, {WORDS}'),
    ],
)
async def test_the_words_are_the_specs_in_the_agents_language(
    tmp_path: Path, prompts: str, said: str
) -> None:
    spec = tmp_path / "desk.yaml"
    pipeline = "pipeline: {tts: {model: openai/gpt-4o-mini-tts, language: de}}"
    spec.write_text(f"name: desk\ntransport: twilio\n{pipeline}\nprompts: {{system: Hi., {prompts}}}\n")
    environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    async with running_server([spec], environ, Options(port=0, insecure=True)) as server:
        assert said in await ask(f"{server.url}/desk/twilio/transferred", "busy")


async def test_only_twilio_may_ask(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = f"{server.url}/desk/twilio/transferred"
        assert (await post(url, None)).status_code == 403
        assert (await post(url, sign(url, SECRET[::-1]))).status_code == 403
        assert (await post(url, sign(url))).status_code == 200
        other = f"{server.url}/other/twilio/transferred"
        assert (await post(other, sign(other))).status_code == 404
