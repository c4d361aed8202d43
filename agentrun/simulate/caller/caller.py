"""The caller: a telephone number at Twilio."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from agentrun import local_secret
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.sound.line_noise import LineNoise
from agentrun.simulate.caller.twilio import twiml, webhook
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.next_stream import what_follows
from agentrun.simulate.caller.twilio.outgoing_messages import Messages
from agentrun.simulate.caller.twilio.status_callbacks import StatusCallbacks

API_VERSION = "2010-04-01"


@dataclass(frozen=True)
class Caller:
    """A telephone without a telephone.

    ``number`` calls ``called``; with ``auth_token`` the webhook is signed as Twilio signs it. ``jitter`` is
    the greatest delay, in seconds, of a frame on its way to the agent; ``noise`` the level of the line's
    noise in dB of full scale, None for a line without; ``seed`` makes both repeatable. ``secret`` is this
    user's, which servers on this machine know.

    >>> async def ask(url, question):
    ...     async with Caller().call(url) as call:
    ...         await call.hear_greeting()
    ...         await call.say(question)
    ...         return await call.hear_answer()
    """

    number: str = "+12025550143"
    called: str = "+12025550199"
    account_sid: str = "AC" + "0" * 32
    auth_token: str | None = field(default=None, repr=False)
    jitter: float = 0.0
    noise: float | None = None
    seed: int | None = None
    secret: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, str], *, jitter: float = 0.0, noise: float | None = None
    ) -> Caller:
        """A caller whose webhooks are signed with ``TWILIO_AUTH_TOKEN``, where it is set.

        ``noise`` is the line's, in dB of full scale.
        """
        return cls(
            account_sid=environ.get("TWILIO_ACCOUNT_SID") or cls.account_sid,
            auth_token=environ.get("TWILIO_AUTH_TOKEN") or None,
            jitter=jitter,
            noise=noise,
            secret=local_secret.read(environ),
        )

    @contextlib.asynccontextmanager
    async def call(self, url: str) -> AsyncIterator[PhoneCall]:
        """Call the agent at ``url``, its webhook; ``/twilio/voice`` may be left out.

        Hangs up at the end of the block. Raises RefusedError when the agent does not take the call.
        """
        start = monotonic()
        voice_url = webhook.voice_url(url)
        messages = Messages(self.account_sid, _sid("CA"), _sid("MZ"))
        stream = await self._ask(voice_url, self._form(messages.call_sid))
        callbacks = StatusCallbacks(stream.status_callback, voice_url, messages, self.auth_token, self.secret)
        wait = _delays(self.jitter, self.seed)

        parameters = stream.parameters
        follows = what_follows(stream, voice_url, self._form(messages.call_sid), self._ask, wait)
        try:
            url = twiml.reachable(stream.url, voice_url, stream.status_callback)
            line = await MediaSocket.open(url, wait)
        except RefusedError as error:
            await callbacks.tell("stream-error", error.message)
            following = await follows() if follows else None
            if following is None:
                raise
            line, messages, parameters, follows = following
        call = PhoneCall(line, messages, monotonic() - start, LineNoise(self.noise, self.seed))
        call.start(parameters, follows)
        try:
            await callbacks.tell("stream-started")
            yield call
        finally:
            await call.close()
            await callbacks.tell("stream-stopped")

    async def _ask(self, url: str, form: Mapping[str, str]) -> twiml.Stream:
        return await webhook.ask(url, form, self.auth_token, self.secret)

    def _form(self, call_sid: str) -> dict[str, str]:
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": call_sid,
            "CallStatus": "ringing",
            "Called": self.called,
            "Caller": self.number,
            "Direction": "inbound",
            "From": self.number,
            "To": self.called,
        }


def _delays(jitter: float, seed: int | None) -> Callable[[], float]:
    """How many seconds late each message is, up to ``jitter``."""
    if not jitter:
        return lambda: 0.0
    random = np.random.default_rng(seed)
    return lambda: float(random.uniform(0.0, jitter))


def _sid(prefix: str) -> str:
    return prefix + uuid.uuid4().hex
