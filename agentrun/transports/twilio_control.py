"""What Twilio does with a call in progress: say what has been heard, and hand the caller on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from urllib.parse import quote

import httpx
from loguru import logger
from pipecat.frames.frames import Frame, OutputTransportMessageFrame
from twilio.twiml.voice_response import VoiceResponse

from agentrun.errors import ToolError

API = "https://api.twilio.com"
_SECONDS = 5.0


class TwilioControl:
    """Marks of one stream, and updates of its call over Twilio's REST API.

    A mark is echoed once what was sent before it has been played
    (https://www.twilio.com/docs/voice/media-streams/websocket-messages); TwiML in an update takes the call
    from the stream (https://www.twilio.com/docs/voice/api/call-resource).
    """

    def __init__(self, stream_sid: str, call_sid: str, environ: Mapping[str, str]) -> None:
        self._stream_sid = stream_sid
        self._call_sid = call_sid
        self._environ = environ
        self._marks: dict[str, asyncio.Event] = {}
        self.handed_on = False

    def mark(self) -> tuple[Frame, asyncio.Event]:
        """A message that Twilio echoes, and what is set then."""
        name, echoed = uuid.uuid4().hex, asyncio.Event()
        self._marks[name] = echoed
        message = {"event": "mark", "streamSid": self._stream_sid, "mark": {"name": name}}
        return OutputTransportMessageFrame(message), echoed

    def echoed(self, name: object) -> None:
        """Twilio has played everything up to the mark ``name``."""
        if event := self._marks.pop(str(name), None):
            event.set()

    async def transfer(self, to: str, http: httpx.AsyncClient) -> None:
        """Have Twilio dial ``to`` for the caller, in the agent's place."""
        credentials = login(self._environ)
        if credentials is None:
            logger.warning("call {}: no transfer without TWILIO_ACCOUNT_SID and its token", self._call_sid)
            raise ToolError("Calls can't be transferred here. Say so, and go on yourself.")
        answer = VoiceResponse()
        answer.dial(to)
        self.handed_on = True
        try:
            done = await http.post(
                self._address(), auth=credentials, data={"Twiml": str(answer)}, timeout=_SECONDS
            )
            done.raise_for_status()
        except httpx.HTTPError as error:
            self.handed_on = False
            logger.warning("call {}: the transfer failed: {}", self._call_sid, error)
            raise ToolError("The transfer did not work. Say so, and go on yourself.") from None

    def _address(self) -> str:
        base = (self._environ.get("TWILIO_API_BASE_URL") or API).rstrip("/")
        account = quote(self._environ["TWILIO_ACCOUNT_SID"], safe="")
        return f"{base}/2010-04-01/Accounts/{account}/Calls/{quote(self._call_sid, safe='')}.json"


def login(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Who asks Twilio: an API key with its secret, else the account with its token, else nobody."""
    account, token = environ.get("TWILIO_ACCOUNT_SID"), environ.get("TWILIO_AUTH_TOKEN")
    key, secret = environ.get("TWILIO_API_KEY_SID"), environ.get("TWILIO_API_KEY_SECRET")
    if account and key and secret:
        return key, secret
    return (account, token) if account and token else None
