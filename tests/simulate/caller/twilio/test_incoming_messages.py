from __future__ import annotations

import json

import pytest

from agentrun.simulate.caller.twilio.incoming_messages import Clear, Mark, Media, ProtocolMistake, read


def test_sound_marks_and_clear_are_understood() -> None:
    assert read('{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}', "MZ1") == Media(b"\xff\x7f")
    assert read('{"event":"mark","streamSid":"MZ1","mark":{"name":"a"}}', "MZ1") == Mark("a")
    assert read('{"event":"clear","streamSid":"MZ1"}', "MZ1") == Clear()


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (b"\x00", "binary"),
        ("hello", "not JSON"),
        ("[]", "not an object"),
        ({"event": "clear"}, "streamSid None"),
        ({"event": "clear", "streamSid": "MZ2"}, "streamSid 'MZ2'"),
        ({"event": "media", "streamSid": "MZ1"}, "'media'"),
        ({"event": "media", "streamSid": "MZ1", "media": {"payload": "%"}}, "not base64"),
        ({"event": "media", "streamSid": "MZ1", "media": {"payload": 1}}, "'media'"),
        ({"event": "mark", "streamSid": "MZ1", "mark": {}}, "'mark'"),
        ({"event": "stop", "streamSid": "MZ1"}, "'stop'"),
        ({"streamSid": "MZ1"}, "None"),
    ],
)
def test_what_twilio_would_not_understand_is_a_mistake(message: object, complaint: str) -> None:
    text = message if isinstance(message, str | bytes) else json.dumps(message)
    found = read(text, "MZ1")
    assert isinstance(found, ProtocolMistake)
    assert complaint in found.detail
