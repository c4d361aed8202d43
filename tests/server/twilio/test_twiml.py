"""The TwiML that a call's webhook is answered with, read again as XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from agentrun import spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.admission.admission import Kind, Refusal
from agentrun.server.twilio import twiml

ENGLISH = {"language": "en-US"}
HOURS = "hours: {zone: UTC, open: {mon: 09:00-17:00}, closed: We are closed.}\n"


def plan(folder: Path, busy: str = "", rest: str = "") -> Plan:
    prompts = f"prompts: {{system: Hi., greeting: Hello., apology: Sorry.{busy}}}\n"
    path = folder / "desk.yaml"
    path.write_text(f"transport: twilio\n{prompts}{rest}", encoding="utf-8")
    return planning.make(spec.load(path), (), {"OPENAI_API_KEY": "test"})


def verbs(text: str) -> list[tuple[str, str | None, dict[str, str]]]:
    """Each verb of a response: its name, its words, its attributes."""
    return [(verb.tag, verb.text, verb.attrib) for verb in ElementTree.fromstring(text)]


def test_the_servers_parameters_can_not_be_replaced_by_those_of_a_call() -> None:
    own = {"token": "stolen", "from_number": "+1", "order": '5 < 6 & "7"'}
    text = twiml.connect("wss://a.example/desk/twilio/stream/x?y&z", "good", "+1555", "+1556", own)
    stream = ElementTree.fromstring(text).find("Connect/Stream")
    assert stream is not None
    assert stream.attrib == {"url": "wss://a.example/desk/twilio/stream/x?y&z"}
    assert [(each.attrib["name"], each.attrib["value"]) for each in stream] == [
        ("order", '5 < 6 & "7"'),
        ("token", "good"),
        ("from_number", "+1555"),
        ("to_number", "+1556"),
    ]


def test_who_is_there_when_the_stream_has_broken_off_hears_the_apology(tmp_path: Path) -> None:
    german = plan(tmp_path, rest="pipeline: {stt: {model: openai/gpt-4o-transcribe, language: de}}\n")
    stream = ("wss://a.example/s", "good", "+1555", "+1556")
    [_, said] = verbs(twiml.connect(*stream, apologizing=german))
    assert said == ("Say", "Sorry.", {"language": "de-DE"})
    for more in ({"apologizing": german, "action": "https://a.example/resume"}, {}):
        [(verb, _, _)] = verbs(twiml.connect(*stream, **more))  # type: ignore[arg-type]
        assert verb == "Connect"


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("https://a.example", "wss://a.example/desk/twilio/stream/x"),
        ("https://a.example/voice/", "wss://a.example/voice/desk/twilio/stream/x"),
        ("http://127.0.0.1:7860/", "ws://127.0.0.1:7860/desk/twilio/stream/x"),
    ],
)
def test_the_stream_is_opened_where_the_server_is_reached(public_url: str, expected: str) -> None:
    assert twiml.stream_url(public_url, "desk", "x") == expected


@pytest.mark.parametrize("kind", ["busy", "full", "stopping", "caller", "minute"])
def test_who_finds_no_line_hears_the_words_for_it_or_a_busy_signal(tmp_path: Path, kind: Kind) -> None:
    refusal = Refusal(kind, "no line", 30.0)
    spoken = twiml.refuse(refusal, plan(tmp_path, ", busy: Later & soon."))
    assert verbs(spoken) == [("Say", "Later & soon.", ENGLISH), ("Hangup", None, {})]
    silent = twiml.refuse(refusal, plan(tmp_path, ", busy: null"))
    assert verbs(silent) == [("Reject", None, {"reason": "busy"})]


def test_who_is_blocked_is_told_nothing(tmp_path: Path) -> None:
    refused = twiml.refuse(Refusal("blocked", "blocked", 0.0), plan(tmp_path, ", busy: Later."))
    assert verbs(refused) == [("Reject", None, {"reason": "rejected"})]


def test_who_calls_out_of_hours_hears_so(tmp_path: Path) -> None:
    closed = twiml.refuse(Refusal("closed", "closed", 0.0), plan(tmp_path, ", busy: Later.", HOURS))
    assert verbs(closed) == [("Say", "We are closed.", ENGLISH), ("Hangup", None, {})]


@pytest.mark.parametrize(("busy", "language"), [(", busy: Alles belegt.", "de-DE"), ("", "en-US")])
def test_a_spec_s_own_words_are_said_in_the_agents_language(tmp_path: Path, busy: str, language: str) -> None:
    german = plan(tmp_path, busy, "pipeline: {stt: {model: openai/gpt-4o-transcribe, language: de}}\n")
    [said, _] = verbs(twiml.refuse(Refusal("busy", "no line", 30.0), german))
    assert said[2] == {"language": language}
