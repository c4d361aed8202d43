"""Twilio's REST API, as far as placing calls needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from agentrun.errors import SetupError
from agentrun.http import tls
from agentrun.http.bounded_answers import bound_async

API = "https://api.twilio.com"
VERSION = "2010-04-01"
FROM = "TWILIO_FROM_NUMBER"
"""The variable that names the account's own number."""
TIMEOUT_SECONDS = 5.0
_NEVER_SENT = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    *(httpx.ProxyError, httpx.UnsupportedProtocol),
)
_UNSURE = (500, 502, 504)
"""Answers of a gateway, or of a program that broke, after which the request may have been heeded."""


class TwilioError(Exception):
    """Twilio did not do what it was asked; ``code`` is its own error code, 0 when it was not reached.

    With ``unknown`` the request was on its way, and Twilio may have done all the same what was asked.
    """

    def __init__(self, message: str, code: int = 0, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.unknown = unknown


@dataclass(frozen=True)
class TwilioAccount:
    """Who asks, and where; made by ``account``."""

    sid: str
    login: tuple[str, str]
    api: str

    async def place(self, form: Mapping[str, str | Sequence[str]]) -> str:
        """Have Twilio call; the new call's SID. Raises TwilioError."""
        call = await self._post("Calls.json", form)
        if not call.get("sid"):
            raise TwilioError("Twilio did not say what the call's SID is", unknown=True)
        return str(call["sid"])

    async def status(self, call_sid: str) -> str:
        """Twilio's own word for how the call stands. Raises TwilioError."""
        return str((await self._ask("GET", f"Calls/{call_sid}.json"))["status"])

    async def dialled(self, call_sid: str) -> str:
        """Twilio's own word for how the call stands that ``call_sid`` has dialled last, or nothing.

        Raises TwilioError. https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
        """
        query = urlencode({"ParentCallSid": call_sid, "PageSize": 1})
        calls = (await self._ask("GET", f"Calls.json?{query}")).get("calls") or [{}]
        return str(calls[0].get("status", ""))

    async def end(self, call_sid: str) -> None:
        """Have Twilio end a call, or stop its ringing. Raises TwilioError."""
        await self._post(f"Calls/{call_sid}.json", {"Status": "completed"})

    async def hand_on(self, call_sid: str, twiml: str) -> None:
        """Take the call from its stream and do what ``twiml`` says instead. Raises TwilioError."""
        await self._post(f"Calls/{call_sid}.json", {"Twiml": twiml})

    async def webhook(self, number: str) -> tuple[str, str]:
        """The SID of a number of this account, and where its calls are sent. Raises TwilioError.

        https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
        """
        query = urlencode({"PhoneNumber": number})
        numbers = (await self._ask("GET", f"IncomingPhoneNumbers.json?{query}"))["incoming_phone_numbers"]
        if not numbers:
            raise TwilioError(f"{number} is not a number of this account")
        return str(numbers[0]["sid"]), str(numbers[0].get("voice_url") or "")

    async def send_calls_to(self, number_sid: str, url: str) -> None:
        """Have the calls of a number sent to ``url``. Raises TwilioError."""
        await self._post(f"IncomingPhoneNumbers/{number_sid}.json", {"VoiceUrl": url, "VoiceMethod": "POST"})

    async def check(self) -> str:
        """Twilio's own word for the account, such as ``active``. Raises TwilioError."""
        return str((await self._ask("GET", ""))["status"])

    async def _post(self, path: str, form: Mapping[str, str | Sequence[str]]) -> dict[str, Any]:
        return await self._ask("POST", path, form)

    async def _ask(
        self, method: str, path: str, form: Mapping[str, str | Sequence[str]] | None = None
    ) -> dict[str, Any]:
        url = f"{self.api}/{VERSION}/Accounts/{self.sid}{f'/{path}' if path else '.json'}"
        try:
            async with httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS,
                auth=self.login,
                verify=tls.context(),
                event_hooks={"response": [bound_async]},
            ) as client:
                answer = await client.request(method, url, data=form)
            body = answer.json()
        except httpx.HTTPError as error:
            unknown = not isinstance(error, _NEVER_SENT)
            raise TwilioError(f"Twilio can't be reached: {type(error).__name__}", unknown=unknown) from None
        except ValueError:
            body = None
        status = answer.status_code
        unknown = status < 400 or status in _UNSURE
        if not isinstance(body, dict):
            raise TwilioError(f"Twilio answered {status}, and no JSON", unknown=unknown)
        if status >= 400:
            code = int(body.get("code") or 0)
            words = f"Twilio answered {status}: {body.get('message')} ({code})"
            raise TwilioError(words, code, unknown=unknown)
        return body


def account(environ: Mapping[str, str]) -> TwilioAccount:
    """The account of ``environ``; raises SetupError that names what is not set.

    ``TWILIO_ACCOUNT_SID`` with ``TWILIO_AUTH_TOKEN``, or with ``TWILIO_API_KEY_SID`` and
    ``TWILIO_API_KEY_SECRET``; ``TWILIO_API_BASE_URL`` is another address.
    """
    sid = environ.get("TWILIO_ACCOUNT_SID")
    key, secret = environ.get("TWILIO_API_KEY_SID"), environ.get("TWILIO_API_KEY_SECRET")
    token = environ.get("TWILIO_AUTH_TOKEN")
    if not sid or not (token or (key and secret)):
        missing = "TWILIO_ACCOUNT_SID" if not sid else "TWILIO_AUTH_TOKEN"
        raise SetupError(
            f"{missing} is not set, and calls are placed with it", f"export {missing}=… from Twilio's console"
        )
    login = (key, secret) if key and secret else (sid, str(token))
    return TwilioAccount(sid, login, (environ.get("TWILIO_API_BASE_URL") or API).rstrip("/"))
