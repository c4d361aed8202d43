"""Receives Twilio's webhooks: limited in size, signed, and in the documented format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fastapi import HTTPException, Request
from loguru import logger
from starlette.datastructures import FormData

from agentrun.server.auth import derived_keys, local_only
from agentrun.server.auth.call_access import TOKEN_VARIABLE, Access, is_loopback
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio import signature, webhook_form

MOST_FORM_BYTES = 16 * 1024
_UNSIGNED_CALL = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Webhooks:
    """Reads the forms of every agent's webhooks, and refuses those that are not Twilio's."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._require_local = local_only.require(settings.local)

    async def read(self, agent: str, request: Request, needed: Iterable[str]) -> Mapping[str, str]:
        """The parameters, also those that are ``needed``; raises HTTPException for any other request."""
        if self._settings.access is Access.CLOSED:
            raise HTTPException(403, _CLOSED)
        if int(request.headers.get("content-length") or MOST_FORM_BYTES + 1) > MOST_FORM_BYTES:
            raise HTTPException(413, "Twilio's form has less than 16 KiB")
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise HTTPException(415, "Twilio's form is application/x-www-form-urlencoded")
        fields = await request.form()
        if self._settings.access is Access.SIGNED:
            return self._signed(agent, request, fields, needed)
        self._require_this_machine(agent, request)
        parameters = {key: str(value) for key, value in fields.items()}
        if not _UNSIGNED_CALL.fullmatch(parameters.get("CallSid", "")):
            raise HTTPException(400, "the parameter CallSid is missing, or is not the name of a call")
        return parameters

    def _signed(
        self, agent: str, request: Request, given: FormData, needed: Iterable[str]
    ) -> Mapping[str, str]:
        values = {key: str(value) for key, value in given.items()}
        tokens = derived_keys.both(self._settings.environ, TOKEN_VARIABLE)
        urls, shown = self._urls(agent, request), request.headers.get(signature.HEADER, "")
        if not any(signature.is_valid(token, urls, values, shown) for token in tokens):
            logger.warning("{}: refused a request without Twilio's signature", agent)
            raise HTTPException(403, "the request is not signed by Twilio")
        try:
            account = self._settings.environ.get("TWILIO_ACCOUNT_SID") or None
            return webhook_form.check(given.multi_items(), needed, account)
        except webhook_form.FormError as error:
            logger.warning("{}: refused a signed request that is not Twilio's as it stands: {}", agent, error)
            raise HTTPException(403, f"the request is not Twilio's: {error}") from None

    def _urls(self, agent: str, request: Request) -> list[str]:
        """The public address; on a loopback server also its own, which only this machine can use."""
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        public = self._settings.public_urls.get(agent)
        urls = [public.rstrip("/") + path] if public else []
        if is_loopback(self._settings.host) and is_loopback(request.url.hostname or ""):
            urls.append(str(request.url))
        return urls

    def _require_this_machine(self, agent: str, request: Request) -> None:
        """Unsigned requests are this machine's alone, once others can reach the server."""
        if not self._settings.local.is_reachable:
            return
        try:
            self._require_local(request)
        except HTTPException:
            logger.warning("{}: refused an unsigned request", agent)
            raise HTTPException(403, _REACHABLE) from None


_CLOSED = (
    f"{TOKEN_VARIABLE} is not set, so nobody can tell Twilio from a stranger. Set it to open this route, "
    "or start with --offline or --insecure on a loopback host."
)
_REACHABLE = f"others can reach this server, so it takes no unsigned requests: set {TOKEN_VARIABLE}"
