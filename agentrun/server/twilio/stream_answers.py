"""The TwiML that connects a call to its next stream, with the ``action`` for its end."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio import transfer_routes, twiml, webhook_form
from agentrun.server.twilio.action_tokens import ActionTokens, EndedStream
from agentrun.server.twilio.stream_tokens import StreamTokens
from agentrun.transports import twilio

_HTTP = {"ws": "http", "wss": "https"}
"""A stream's own address has another scheme."""


class StreamAnswers:
    """Makes a token for each stream, and one for what Twilio asks after it."""

    def __init__(
        self,
        switchboard: Switchboard,
        settings: ServerSettings,
        tokens: StreamTokens,
        actions: ActionTokens | None = None,
    ) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._tokens = tokens
        self.actions = actions or ActionTokens()

    def connect(
        self,
        agent: str,
        request: Request,
        form: Mapping[str, str],
        stream: EndedStream,
        own: Mapping[str, str],
        pause: int = 0,
        unanswered: str = "",
    ) -> Response:
        """Connect the call of ``form`` with its next ``stream``; see ``twiml.connect``."""
        caller, called = form.get("From", ""), form.get("To", "")
        token = self._tokens.mint(agent, form["CallSid"], caller, called, stream.dial, stream.resumed)
        public_url = self.public_url(agent, request)
        url = twiml.stream_url(public_url, agent, self._tokens.address_of(token))
        action, plan = "", self._switchboard.plans[agent]
        if plan.spec.resume and self._switchboard.left_open.resumed:
            action = self._action(public_url, agent, "resume", form["CallSid"], stream)
        # an agent that can't hang up ends its calls by ending the stream
        apologizing = plan if twilio.hangs_up(self._settings.environ) else None
        answer = twiml.connect(
            *(url, token, caller, called, own),
            action=action,
            pause=pause,
            unanswered=unanswered,
            apologizing=apologizing,
        )
        return twiml.response(answer)

    async def come_back(
        self, agent: str, request: Request, form: Mapping[str, str], stream: EndedStream, unanswered: str
    ) -> Response:
        """Connect a caller whom nobody took with the agent again."""
        return self.connect(agent, request, form, stream, webhook_form.own(form), unanswered=unanswered)

    def after_transfer(self, agent: str, request: HTTPConnection, call_sid: str, stream: EndedStream) -> str:
        """What Twilio asks when a transfer has ended that was made over ``stream``."""
        return self._action(self.public_url(agent, request), agent, transfer_routes.NAME, call_sid, stream)

    def public_url(self, agent: str, request: HTTPConnection) -> str:
        """Where Twilio reaches the agent."""
        public, here = self._settings.public_urls.get(agent), request.base_url
        return public or str(here.replace(scheme=_HTTP.get(here.scheme, here.scheme)))

    def _action(self, public_url: str, agent: str, name: str, call_sid: str, stream: EndedStream) -> str:
        shown = self.actions.mint(agent, call_sid, stream)
        return f"{twiml.route(public_url, agent, name)}?stream={shown}"
