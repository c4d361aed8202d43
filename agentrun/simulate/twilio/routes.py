"""The routes of Twilio's REST API for calls."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from agentrun.simulate.twilio.calls import API_VERSION, CallUpdate, TwilioCall

_ACCOUNT = f"/{API_VERSION}/Accounts/{{account}}.json"
_NUMBERS = f"/{API_VERSION}/Accounts/{{account}}/IncomingPhoneNumbers"
_CALLS = f"/{API_VERSION}/Accounts/{{account}}/Calls"
_MAY_BE_SET = frozenset({"", "completed", "canceled"})
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BAD_TO = 21211
_AUTHENTICATE, _NOT_FOUND, _NO_TO, _NO_FROM, _NO_URL, _BAD_STATUS = 20003, 20404, 21201, 21213, 21205, 21218


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it came, and the status with which it was answered."""

    method: str
    path: str
    form: Mapping[str, str]
    status: int


@dataclass
class CallRoutes:
    """``logins`` are the accepted pairs of basic auth; ``calls`` is shared with whoever places them."""

    account_sid: str
    logins: Mapping[str, str] = field(repr=False)
    calls: dict[str, TwilioCall] = field(default_factory=dict)
    requests: list[RecordedRequest] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    """The account's telephone numbers, and where their calls are sent."""
    place: Callable[[TwilioCall], None] = lambda _call: None
    """Told of every call that is to be put through."""

    def app(self) -> FastAPI:
        """An application with the routes."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        for path, method in product((".json", "/{sid}.json"), ("GET", "POST")):
            app.add_api_route(_CALLS + path, self.answer, methods=[method])
        app.add_api_route(_NUMBERS + ".json", self.answer, methods=["GET"])
        app.add_api_route(_NUMBERS + "/{number}.json", self.answer, methods=["POST"])
        app.add_api_route(_ACCOUNT, self.who, methods=["GET"])
        return app

    async def who(self, account: str, request: Request) -> JSONResponse:
        """Tell of the account."""
        status, body = _error(401, _AUTHENTICATE, "Authenticate")
        if self._may(account, request.headers.get("Authorization", "")):
            status, body = 200, {"sid": account, "status": "active"}
        self.requests.append(RecordedRequest("GET", request.url.path, {}, status))
        return JSONResponse(body, status)

    async def answer(self, account: str, request: Request) -> JSONResponse:
        """Check who asks, do what is asked, and write it down."""
        form = {key: str(value) for key, value in (await request.form()).items()}
        events = (await request.form()).getlist("StatusCallbackEvent")
        form |= {"StatusCallbackEvent": " ".join(map(str, events))} if events else {}
        path = request.url.path
        if not self._may(account, request.headers.get("Authorization", "")):
            status, body = _error(401, _AUTHENTICATE, "Authenticate")
        elif "/IncomingPhoneNumbers" in path:
            number = request.query_params.get("PhoneNumber", "")
            status, body = self._on_number(request.path_params.get("number", ""), number, form)
        elif "sid" not in request.path_params and request.method == "GET":
            status, body = 200, self._dialled(request.query_params.get("ParentCallSid", ""))
        elif "sid" not in request.path_params:
            status, body = self._place(form)
        else:
            status, body = self._on_call(path, request.method, request.path_params["sid"], form)
        self.requests.append(RecordedRequest(request.method, path, form, status))
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None
        return JSONResponse(body, status, headers)

    def _may(self, account: str, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        secret = self.logins.get(login)
        return scheme.lower() == "basic" and account == self.account_sid and secret == password != ""

    def _place(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        if not form.get("To"):
            return _error(400, _NO_TO, "No 'To' number is specified")
        if not form.get("From"):
            return _error(400, _NO_FROM, "No 'From' number is specified")
        if not (form.get("Url") or form.get("Twiml")):
            return _error(400, _NO_URL, "Url parameter is required.")
        if not _E164.fullmatch(form["To"]):
            return _error(400, _BAD_TO, f"The 'To' number {form['To']} is not a valid phone number.")
        call = TwilioCall(self.account_sid, form["From"], form["To"], status="queued", asked=form)
        call.direction = "outbound-api"
        self.calls[call.sid] = call
        self.place(call)
        return 201, call.as_json()

    def _dialled(self, parent: str) -> dict[str, Any]:
        """The calls that a call has dialled, or all, the newest first."""
        found = [call for call in self.calls.values() if parent in ("", call.parent)]
        return {"calls": [call.as_json() for call in reversed(found)]}

    def _on_number(self, sid: str, wanted: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        shown = [
            {"sid": _sid_of(number), "phone_number": number, "voice_url": url, "voice_method": "POST"}
            for number, url in self.numbers.items()
        ]
        if not sid:
            matches = [one for one in shown if wanted in ("", one["phone_number"])]
            return 200, {"incoming_phone_numbers": matches}
        target = next((one for one in shown if one["sid"] == sid), None)
        if target is None:
            return _error(404, _NOT_FOUND, f"The requested resource {sid} was not found")
        self.numbers[target["phone_number"]] = form.get("VoiceUrl", target["voice_url"])
        return 200, {**target, "voice_url": self.numbers[target["phone_number"]]}

    def _on_call(
        self, path: str, method: str, sid: str, form: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        call = self.calls.get(sid)
        if call is None or (method == "POST" and call.ended):
            return _error(404, _NOT_FOUND, f"The requested resource {path} was not found")
        if method == "POST":
            update = CallUpdate(form.get("Status", ""), form.get("Twiml", ""), form.get("Url", ""))
            if update.status not in _MAY_BE_SET:
                return _error(400, _BAD_STATUS, f"Invalid Status '{update.status}'")
            call.update(update)
        return 200, call.as_json()


def _sid_of(number: str) -> str:
    return "PN" + hashlib.md5(number.encode(), usedforsecurity=False).hexdigest()


def _error(status: int, code: int, message: str) -> tuple[int, dict[str, Any]]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}
