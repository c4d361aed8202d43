"""Controls a Twilio call in progress: tracks what was heard, transfers and hangs up."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from loguru import logger
from pipecat.frames.frames import Frame, OutputTransportMessageFrame
from twilio.twiml.voice_response import VoiceResponse

from agentrun.errors import SetupError, ToolError
from agentrun.transports import twilio_rest
from agentrun.transports.dial_verb import put_through
from agentrun.transports.say_languages import say_language
from agentrun.transports.twilio_rest import TwilioError


@dataclass(frozen=True)
class AfterTransfer:
    """What becomes of a transfer: it rings for ``ring`` seconds, and ``url`` is asked when it has ended.

    Without a ``url`` Twilio hangs up. Whoever is asked ``brings_back`` a caller whom nobody took, or not.
    """

    url: str = ""
    ring: float | None = None
    brings_back: bool = False


class TwilioControl:
    """Marks of one stream, and updates of its call over Twilio's REST API.

    A mark is echoed once what was sent before it has been played
    (https://www.twilio.com/docs/voice/media-streams/websocket-messages); TwiML in an update takes the call
    from the stream (https://www.twilio.com/docs/voice/api/call-resource).
    """

    def __init__(
        self,
        stream_sid: str,
        call_sid: str,
        environ: Mapping[str, str],
        after: AfterTransfer | None = None,
    ) -> None:
        self._after = after or AfterTransfer()
        self.brings_back = self._after.brings_back
        self._stream_sid = stream_sid
        self._call_sid = call_sid
        self._environ = environ
        # one that nobody waits for any more is forgotten, though Twilio may never echo it
        self._marks: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
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

    async def speak(self, words: str, language: str) -> bool:
        """Have Twilio say ``words`` and hang up, in the agent's place; False where it can't be asked to.

        ``language`` is a code such as ``de`` or ``de-AT``; one that Twilio does not speak is left to it.
        """
        answer = VoiceResponse()
        answer.say(words, language=say_language(language))
        answer.hangup()
        self.handed_on = True
        try:
            await twilio_rest.account(self._environ).hand_on(self._call_sid, str(answer))
        except (SetupError, TwilioError) as error:
            self.handed_on = False
            logger.warning("call {}: Twilio can't speak: {}", self._call_sid, error.message)
        return self.handed_on

    def let_go(self) -> None:
        """The call is not hung up when its stream ends here."""
        self.handed_on = True

    async def transfer(self, to: str, words: str = "", language: str = "en") -> None:
        """Have Twilio say ``words`` in ``language`` and dial ``to`` for the caller, in the agent's place."""
        answer = VoiceResponse()
        if words:
            answer.say(words, language=say_language(language))
        put_through(answer, to, self._after.url or None, self._after.ring)
        self.handed_on = True
        try:
            await twilio_rest.account(self._environ).hand_on(self._call_sid, str(answer))
        except (SetupError, TwilioError) as error:
            self.handed_on = False
            logger.warning("call {}: the transfer failed: {}", self._call_sid, error.message)
            here = isinstance(error, SetupError)
            what = "Calls can't be transferred here." if here else "The transfer did not work."
            raise ToolError(f"{what} Say so, and go on yourself.") from None
