"""Parameters of an outbound call, which Twilio passes to its stream."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentrun.server.twilio.twiml import LONGEST_PARAMETER, NO_XML, SERVER_PARAMETERS

MOST = 30
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def wrong(parameters: Mapping[str, str]) -> str:
    """Why Twilio would not carry them, whose callee would hear of an application error; or nothing.

    >>> wrong({"patient": "Ada"}), wrong({"token": "mine"})
    ('', "'token' is a parameter of the server's own: choose another name")
    """
    if len(parameters) > MOST:
        return f"there are more than {MOST} parameters"
    return next(filter(None, (_of_one(name, value) for name, value in parameters.items())), "")


def _of_one(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        return f"'{name[:64]}' is not the name of a parameter: use letters, digits and _, at most 64"
    if name in SERVER_PARAMETERS:
        return f"'{name}' is a parameter of the server's own: choose another name"
    if len(name) + len(value) > LONGEST_PARAMETER:
        most = LONGEST_PARAMETER - len(name)
        return f"the parameter '{name}' has {len(value)} characters, and Twilio carries {most}"
    if found := NO_XML.search(value):
        return f"the parameter '{name}' has the character {found[0]!r}, which Twilio can't carry"
    return ""
