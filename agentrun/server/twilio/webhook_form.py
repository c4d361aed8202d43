"""Validates the parameters of Twilio's webhooks.

Twilio signs names and values run together (https://www.twilio.com/docs/usage/security), so a signature also
fits a form whose borders were moved: ``CallSid=CA…CallStatusringing``, or ``Direction=inboundFrom+1415…``
without a ``From``. A form that could be such a copy is refused: each value that is used has one shape alone,
and none of the others can have swallowed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from loguru import logger

from agentrun.caller_numbers import HIDDEN_WORDS
from agentrun.server.twilio.twiml import LONGEST_PARAMETER, NO_XML

_NUMBER = rf"\+?[0-9]{{1,20}}|\+?(?:{'|'.join(HIDDEN_WORDS)})|"
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "AccountSid": re.compile(r"AC[0-9a-f]{32}"),
    "CallSid": re.compile(r"CA[0-9a-f]{32}"),
    "ParentCallSid": re.compile(r"CA[0-9a-f]{32}"),
    "ApiVersion": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "DialCallStatus": re.compile("completed|answered|busy|no-answer|failed|canceled"),
    "CallStatus": re.compile("queued|initiated|ringing|in-progress|completed|busy|failed|no-answer|canceled"),
    "Direction": re.compile("inbound|outbound-api|outbound-dial|trunking-originating|trunking-terminating"),
    "AnsweredBy": re.compile(
        "human|fax|unknown|machine|machine_start|machine_end_beep|machine_end_silence|machine_end_other"
    ),
}
_ADDRESS = re.compile(
    rf"(?:{_NUMBER}(?:client|whatsapp):[\w.+%@:-]{{1,256}}|(?:sips?:)?[\w.!~*'()%+&=$,;?/-]{{1,128}}@[\w.:;=\[\]-]{{1,256}})",
    re.IGNORECASE,
)
_ADDRESSES = frozenset({"From", "To", "Caller", "Called"})
_AFTER_ADDRESS = re.compile(
    r"(?:From|To|Caller|Called)(?:City|Country|State|Zip|Via|Name)|ForwardedFrom|ParentCallSid|StirVerstat|"
    r"StirPassportToken|SipHeader_|Timestamp|SequenceNumber"
)
"""Names of Twilio's that may follow an address when they are sorted: one could be hidden in it."""
_NAME = re.compile(
    r"[A-Z][A-Za-z]{0,63}[0-9]{0,3}|SipHeader_[A-Za-z0-9_.-]{1,128}|[a-z][A-Za-z0-9_.-]{0,127}"
)
"""Twilio's names, and those that an app gave to ``device.connect({params})`` of the Voice SDK.

A name in lower case comes after all of Twilio's when they are sorted. So it takes no piece out of one that is
used, and has none behind it (https://www.twilio.com/docs/voice/sdks/javascript/twiliodevice).
"""
MOST_PARAMETERS = 100
_HEADER = "SipHeader_"
MOST_OWN = 20
"""Parameters of the caller's side that a call is given; there may be no end of headers."""


class FormError(ValueError):
    """A form that is not Twilio's as it stands; says what is wrong, without its values."""


def check(
    items: Iterable[tuple[str, object]], needed: Iterable[str], account: str | None = None
) -> dict[str, str]:
    """The parameters of a signed webhook, which must have those that are ``needed``; raises FormError.

    ``account`` is the AccountSid that the server is set up with: it is taken as it is, whatever its shape.

    >>> check([("CallSid", "CA" + "0" * 32), ("From", "+14155551234")], ["CallSid", "From"])["From"]
    '+14155551234'
    """
    form: dict[str, str] = {}
    for name, value in items:
        if name in form:
            raise FormError(f"the parameter {_quoted(name)} is there twice")
        if not isinstance(value, str):
            raise FormError(f"the parameter {_quoted(name)} is a file")
        form[name] = value
    if len(form) > MOST_PARAMETERS:
        raise FormError(f"there are more than {MOST_PARAMETERS} parameters")
    for name in needed:
        if name not in form:
            raise FormError(f"the parameter {name} is missing")
    for name, value in form.items():
        # what equals a value that is known has swallowed nothing
        if name != "AccountSid" or value != account:
            _check(name, value)
    return form


def own(form: Mapping[str, str]) -> dict[str, str]:
    """What the caller's side says of the call: an app's parameters, and SIP's ``X-`` headers by their names.

    What a stream can't carry is left out: what is too long, one too many, or has characters that XML has not.

    >>> own({"CallSid": "CA1", "SipHeader_X-Account": "7", "plan": "gold"})
    {'X-Account': '7', 'plan': 'gold'}
    """
    told = {
        name.removeprefix(_HEADER): value
        for name, value in form.items()
        if name.startswith(_HEADER) or name[:1].islower()
    }
    carried = dict([(name, value) for name, value in told.items() if _fits(name, value)][:MOST_OWN])
    if left_out := sorted(told.keys() - carried.keys()):
        log = logger.bind(call=form.get("CallSid"))
        log.debug("left out what a stream can't carry of the caller's side: {}", ", ".join(left_out))
    return carried


def _fits(name: str, value: str) -> bool:
    return len(name) + len(value) <= LONGEST_PARAMETER and not NO_XML.search(value)


def _check(name: str, value: str) -> None:
    shape = _SHAPES.get(name)
    if shape:
        if not shape.fullmatch(value):
            raise FormError(f"the parameter {name} has not the shape that Twilio documents")
        return
    if not _NAME.fullmatch(name) or any(_overlap(name, form) for form in _SHAPES):
        words = "there is a parameter that Twilio does not send, or whose name could hide another"
        raise FormError(f"{words}: {_quoted(name)}; begin those of an app in lower case")
    if name in _ADDRESSES and value and (not _ADDRESS.fullmatch(value) or _AFTER_ADDRESS.search(value)):
        raise FormError(f"the parameter {name} is not a telephone number or a SIP address")


def _overlap(name: str, known: str) -> bool:
    """Whether a border that was moved makes ``known`` look like ``name``: ``AnsweredB=ymachine``."""
    return known.startswith(name) or name.startswith(known)


def _quoted(name: str) -> str:
    return repr(name[:40])
