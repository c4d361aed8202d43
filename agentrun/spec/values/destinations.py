"""Transfer destinations: a telephone number, with or without an extension, or a SIP URI."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_NUMBER = r"(\+[1-9][0-9]{6,14})(?:;ext=([0-9*#w]{1,32}))?"
"""In E.164, with an extension as RFC 3966 writes it; ``w`` waits half a second."""
_SIP = r"sips?:[^\s@<>]{1,100}@[A-Za-z0-9.:\[\]-]{1,200}(?:[;?][^\s<>]{1,200})?"
_DESTINATION = re.compile(f"{_NUMBER}|{_SIP}")


def is_sip(destination: str) -> bool:
    """Whether ``destination`` is an address of SIP, such as that of a contact centre."""
    return destination.startswith(("sip:", "sips:"))


def number_and_keys(destination: str) -> tuple[str, str]:
    """A number, and the keys that are pressed once somebody has answered.

    >>> number_and_keys("+15551234567;ext=1234"), number_and_keys("+15551234567")
    (('+15551234567', '1234'), ('+15551234567', ''))
    """
    number, _, keys = destination.partition(";ext=")
    return number, keys


def _check(value: str) -> str:
    if not _DESTINATION.fullmatch(value):
        hint = (
            'write it in quotes, with + and the country: "+15551234567", with ;ext=12 for an extension, '
            'or as an address of SIP: "sip:desk@example.com"'
        )
        raise PydanticCustomError(
            "not_a_number", "'{given}' is not a telephone number", {"given": value, "hint": hint}
        )
    return value


Destination = Annotated[
    str,
    AfterValidator(_check),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{_NUMBER}|{_SIP})$"}),
]
"""A text of a spec that says whom a caller is put through to."""
