"""Verifies Twilio's signature on webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twilio.request_validator import RequestValidator

HEADER = "X-Twilio-Signature"


def is_valid(auth_token: str, urls: Iterable[str], form: Mapping[str, str], signature: str) -> bool:
    """Whether ``signature`` is Twilio's for ``form`` posted to one of ``urls``.

    The scheme is Twilio's: HMAC-SHA1 of the URL and the sorted form fields
    (https://www.twilio.com/docs/usage/security#validating-requests).
    """
    validator = RequestValidator(auth_token)
    return any(validator.validate(url, form, signature) for url in urls)
