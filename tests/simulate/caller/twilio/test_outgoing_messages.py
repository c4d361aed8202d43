"""Messages are those of Twilio's Media Streams."""

from __future__ import annotations

import base64
import json

from agentrun.simulate.caller.twilio.outgoing_messages import Messages


def test_sound_is_numbered_among_the_messages_and_among_the_frames() -> None:
    messages = Messages("AC1", "CA1", "MZ1")
    messages.start({"name": 'a "b"'})
    messages.media(bytes(160), 0.0)
    frame = bytes(range(96, 256))
    assert json.loads(messages.media(frame, 0.02)) == {
        "event": "media",
        "sequenceNumber": "3",
        "streamSid": "MZ1",
        "media": {
            "track": "inbound",
            "chunk": "2",
            "timestamp": "20",
            "payload": base64.b64encode(frame).decode(),
        },
    }
    assert json.loads(messages.stop())["sequenceNumber"] == "4"
