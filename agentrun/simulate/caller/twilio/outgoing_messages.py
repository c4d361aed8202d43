"""The messages of Twilio's Media Streams (https://www.twilio.com/docs/voice/media-streams/websocket-messages)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from agentrun.transports.mulaw import RATE

CONNECTED = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})


class Messages:
    """Writes the messages of one stream, in the order in which they are sent."""

    def __init__(self, account_sid: str, call_sid: str, stream_sid: str) -> None:
        self.account_sid = account_sid
        self.call_sid = call_sid
        self.stream_sid = stream_sid
        self._sequence = 0
        self._chunk = 0

    def start(self, parameters: Mapping[str, str]) -> str:
        """Who calls, and what the sound is."""
        body = {
            "accountSid": self.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1},
            "customParameters": dict(parameters),
        }
        return self._write("start", body)

    def media(self, frame: bytes, at: float) -> str:
        """A frame of the caller's, recorded ``at`` seconds after the start."""
        self._chunk += 1
        self._sequence += 1
        # fifty a second: json.dumps would take most of the time of one, and nothing in it needs to be escaped
        return (
            f'{{"event": "media", "sequenceNumber": "{self._sequence}", "streamSid": "{self.stream_sid}", '
            f'"media": {{"track": "inbound", "chunk": "{self._chunk}", "timestamp": "{round(at * 1000)}", '
            f'"payload": "{base64.b64encode(frame).decode()}"}}}}'
        )

    def mark(self, name: str) -> str:
        """The caller has heard everything before the mark."""
        return self._write("mark", {"name": name})

    def dtmf(self, digit: str) -> str:
        """The caller pressed a key."""
        return self._write("dtmf", {"track": "inbound_track", "digit": digit})

    def stop(self) -> str:
        """The call is over."""
        return self._write("stop", {"accountSid": self.account_sid, "callSid": self.call_sid})

    def _write(self, event: str, body: Mapping[str, Any]) -> str:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_sid}
        return json.dumps({**message, event: body})
