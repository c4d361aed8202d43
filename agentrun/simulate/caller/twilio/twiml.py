"""Interprets the TwiML of a webhook as Twilio would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from agentrun.simulate.caller.refusal import RefusedError

MOST_BYTES = 64_000
"""Twilio refuses longer documents."""
_HINT = "answer with <Response><Connect><Stream url=…/></Connect></Response>"


@dataclass(frozen=True)
class Stream:
    """Where the sound goes: ``<Connect><Stream>``, and what was spoken or played before it.

    ``status_callback`` is told how the stream goes, where there is one.
    """

    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    status_callback: str = ""
    action: str = ""
    """The ``action`` of ``<Connect>``: asked once the stream has ended, with the caller still there."""


def parse(text: str) -> Stream:
    """The stream that the document connects to; raises RefusedError when it does anything else.

    >>> parse('<Response><Connect><Stream url="wss://a.example/s"/></Connect></Response>').url
    'wss://a.example/s'
    """
    before: list[str] = []
    for verb in _verbs(text):
        if verb.tag == "Connect":
            return _stream(verb, tuple(before))
        if verb.tag in ("Say", "Play"):
            before.append(" ".join("".join(verb.itertext()).split()))
        elif verb.tag == "Reject":
            reason = verb.get("reason", "rejected")
            words = "a busy signal" if reason == "busy" else "that the number is not in service"
            raise RefusedError(f"the agent rejected the call: {reason}", words)
        elif verb.tag == "Hangup":
            break
        elif verb.tag != "Pause":
            raise RefusedError(
                f"<{verb.tag}> is not a verb that a stream agent needs", _spoken(before), _HINT
            )
    raise RefusedError("the agent hung up without listening", _spoken(before), _HINT)


def _spoken(before: list[str]) -> str:
    return " ".join(before) or "nothing"


def _verbs(text: str) -> list[ElementTree.Element]:
    broken = "that an application error has occurred"
    if len(text.encode()) > MOST_BYTES:
        raise RefusedError(f"the TwiML is longer than {MOST_BYTES} bytes", broken)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RefusedError("the TwiML declares a document type or an entity", broken, _HINT)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - short, and without entities
    except ElementTree.ParseError as error:
        raise RefusedError(f"the webhook's answer is not XML: {error}", broken, _HINT) from None
    if root.tag != "Response":
        raise RefusedError(f"the TwiML begins with <{root.tag}>, not with <Response>", broken, _HINT)
    return list(root)


def _stream(connect: ElementTree.Element, before: tuple[str, ...]) -> Stream:
    stream = connect.find("Stream")
    if stream is None:
        inside = connect[0].tag if len(connect) else "nothing"
        raise RefusedError(f"<Connect> holds {inside}, not <Stream>", _spoken(list(before)), _HINT)
    url = stream.get("url", "")
    if urlsplit(url).scheme not in ("ws", "wss"):
        raise RefusedError(f"<Stream url='{url}'> is not a wss:// address", _spoken(list(before)), _HINT)
    parameters = {part.get("name", ""): part.get("value", "") for part in stream.findall("Parameter")}
    more = stream.get("statusCallback", ""), connect.get("action", "")
    return Stream(url, parameters, before, *more)


def reachable(stream_url: str, webhook_url: str, callback_url: str = "") -> str:
    """The address to connect to from here.

    A webhook on loopback names its public host, which this machine may not reach: then the stream is on the
    webhook's own host. A stream that is on another host than its ``callback_url`` is another server's, and
    stays there. Queries are dropped, as Twilio drops them.

    >>> reachable("wss://voice.example.com/ncaa/twilio/stream", "http://127.0.0.1:7860/ncaa/twilio/voice")
    'ws://127.0.0.1:7860/ncaa/twilio/stream'
    >>> reachable("wss://there.example/s", "http://127.0.0.1:7860/a/v", "https://voice.example.com/a/s")
    'wss://there.example/s'
    """
    stream, webhook = urlsplit(stream_url), urlsplit(webhook_url)
    elsewhere = callback_url and urlsplit(callback_url).netloc != stream.netloc
    local = webhook.scheme == "http" and is_loopback(webhook.hostname or "")
    if local and not elsewhere and stream.netloc != webhook.netloc:
        return f"ws://{webhook.netloc}{stream.path}"
    return f"{stream.scheme}://{stream.netloc}{stream.path}"


def reachable_action(action: str, webhook_url: str) -> str:
    """As ``reachable``, for the address of an action, whose query is kept.

    >>> reachable_action("https://voice.example.com/a/resume?n=1", "http://127.0.0.1:7860/a/twilio/voice")
    'http://127.0.0.1:7860/a/resume?n=1'
    """
    address, webhook = urlsplit(urljoin(webhook_url, action)), urlsplit(webhook_url)
    if webhook.scheme == "http" and is_loopback(webhook.hostname or ""):
        address = address._replace(scheme=webhook.scheme, netloc=webhook.netloc)
    return address.geturl()


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.")
