"""Status callbacks to an agent's server about a stream that is open elsewhere.

https://www.twilio.com/docs/voice/twiml/stream#statuscallback
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import httpx

from agentrun import local_secret
from agentrun.http import tls
from agentrun.simulate.caller.twilio import twiml
from agentrun.simulate.caller.twilio.outgoing_messages import Messages

TIMEOUT_SECONDS = 5.0
Event = Literal["stream-started", "stream-stopped", "stream-error"]


class StatusCallbacks:
    """Posts to ``url``, empty for nobody; a server on loopback gets what is for its public address.

    Signed with ``auth_token`` where that is known; a server on this machine is shown that ``secret`` is.
    """

    def __init__(
        self, url: str, voice_url: str, messages: Messages, auth_token: str | None, secret: bytes | None
    ) -> None:
        self._url = _reachable(url, voice_url) if url else ""
        self._messages = messages
        self._auth_token = auth_token
        self._secret = secret

    async def tell(self, event: Event, error: str = "") -> None:
        """Tell of ``event``; as Twilio's, a callback that fails is not repeated."""
        if not self._url:
            return
        form = {
            "AccountSid": self._messages.account_sid,
            "CallSid": self._messages.call_sid,
            "StreamEvent": event,
            "StreamSid": self._messages.stream_sid,
            "Timestamp": datetime.now(UTC).isoformat(),
            **({"StreamError": error} if error else {}),
        }
        headers = {}
        if self._auth_token:
            from twilio.request_validator import RequestValidator

            signature = RequestValidator(self._auth_token).compute_signature(self._url, form)
            headers["X-Twilio-Signature"] = str(signature)
        local = twiml.is_loopback(urlsplit(self._url).hostname or "")
        headers |= local_secret.headers(self._secret, self._url) if local else {}
        try:
            async with httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, trust_env=not local, verify=tls.context()
            ) as client:
                await client.post(self._url, data=form, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return


def _reachable(url: str, voice_url: str) -> str:
    """The address to post to from here, as with the webhook itself."""
    webhook = urlsplit(voice_url)
    if webhook.scheme == "http" and twiml.is_loopback(webhook.hostname or ""):
        return urlsplit(url)._replace(scheme=webhook.scheme, netloc=webhook.netloc).geturl()
    return url
