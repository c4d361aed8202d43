"""The start of a call: Twilio asks the agent's webhook what to do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from agentrun import local_secret
from agentrun.errors import AgentRunError
from agentrun.http import tls
from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.twilio import twiml
from agentrun.simulate.caller.twilio.twiml import Stream

VOICE_PATH = "/twilio/voice"
_EXAMPLE = "write it like http://127.0.0.1:7860/ncaa"
_TIMEOUT_SECONDS = 15.0
"""Twilio's own limit for a webhook."""
_HINTS = {
    403: "set TWILIO_AUTH_TOKEN to the server's, or start the server with --offline or --insecure",
    404: "is the agent's name right? The address is http://HOST:PORT/<agent>/twilio/voice",
}


def voice_url(url: str) -> str:
    """``url`` with the path of the webhook, which may be left out; raises AgentRunError for no URL.

    >>> voice_url("http://127.0.0.1:7860/ncaa/")
    'http://127.0.0.1:7860/ncaa/twilio/voice'
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AgentRunError(f"'{url}' is not an address: {error}", _EXAMPLE) from None
    if not parts.hostname:
        raise AgentRunError(f"'{url}' is not an address: it names no host", _EXAMPLE)
    path = parts.path.rstrip("/")
    if not path.endswith(VOICE_PATH):
        path += VOICE_PATH
    return parts._replace(path=path, fragment="").geturl()


async def ask(
    url: str, form: Mapping[str, str], auth_token: str | None, secret: bytes | None = None
) -> Stream:
    """Post ``form`` as Twilio does, signed when the token is known; raises RefusedError for any other answer
    than TwiML that connects a stream. A server on this machine is shown that ``secret`` is known.
    """
    headers = {"User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": form["CallSid"]}
    if auth_token:
        from twilio.request_validator import RequestValidator

        headers["X-Twilio-Signature"] = RequestValidator(auth_token).compute_signature(url, form)
    local = twiml.is_loopback(urlsplit(url).hostname or "")
    headers |= local_secret.headers(secret, url) if local else {}
    try:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, trust_env=not local, verify=tls.context()
        ) as client:
            response = await client.post(url, data=dict(form), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "is the server running? Start it with: agentrun serve SPEC"
        raise RefusedError(
            f"{url} can't be reached: {error or type(error).__name__}", "nothing", hint
        ) from None
    if response.status_code != 200:
        _refuse(url, response)
    return twiml.parse(response.text)


def _refuse(url: str, response: httpx.Response) -> None:
    words = next(iter(response.text.strip().splitlines()), "")[:300]
    detail = f": {words}" if words else ""
    raise RefusedError(
        f"{url} answered {response.status_code}{detail}",
        "that an application error has occurred",
        _HINTS.get(response.status_code, "see the server's log"),
    )
