"""A mock of Twilio's REST API on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Protocol, Self

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.simulate.twilio.calls import CallUpdate, TwilioCall
from agentrun.simulate.twilio.routes import CallRoutes, RecordedRequest


class Endable(Protocol):
    """A call in progress that Twilio can end: ``simulate.caller.PhoneCall`` is one."""

    @property
    def call_sid(self) -> str: ...

    @property
    def over(self) -> bool: ...

    def complete(self, redirect: str = "") -> None: ...


class TwilioServer:
    """Runs while the block runs; ``base_url`` is what ``TWILIO_API_BASE_URL`` is set to.

    Basic auth is checked: the account with its token, or one of ``keys``, API keys with their secrets. An
    unknown call, and the update of an ended one, are answered with 404 and Twilio's code 20404.

    >>> async def follow(caller, url):
    ...     async with TwilioServer() as twilio, caller.call(url) as call:
    ...         twilio.bind(call)
    ...         await call.hear_greeting()
    """

    def __init__(
        self,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token or secrets.token_hex(16)
        self.base_url = ""
        self._routes = CallRoutes(account_sid, {account_sid: self.auth_token, **(keys or {})})
        self._under_way: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()

    def connect(self, network: Callable[[TwilioCall], Coroutine[None, None, None]]) -> None:
        """Have ``network`` put through each call that is placed; it ends with the server."""

        def place(call: TwilioCall) -> None:
            task = asyncio.create_task(network(call))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

        self._routes.place = place

    @property
    def calls(self) -> dict[str, TwilioCall]:
        """Every call by its SID; those placed over the API are ``queued`` until ``set_status``."""
        return self._routes.calls

    @property
    def numbers(self) -> dict[str, str]:
        """The account's telephone numbers, and where their calls are sent."""
        return self._routes.numbers

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, in order."""
        return self._routes.requests

    def environ(self) -> dict[str, str]:
        """The variables that point an agent at this server."""
        return {
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "TWILIO_API_BASE_URL": self.base_url,
        }

    def environ_of(self, environ: Mapping[str, str]) -> dict[str, str]:
        """``environ`` with these variables, and without the API keys of an account at Twilio itself."""
        others = {name: value for name, value in environ.items() if not name.startswith("TWILIO_API_KEY")}
        return others | self.environ()

    def bind(self, call: Endable, from_number: str = "", to_number: str = "") -> TwilioCall:
        """Make ``call`` known as in progress; it ends, or leaves its stream, when an agent asks for it."""

        def update(asked: CallUpdate) -> None:
            call.complete(asked.twiml or asked.url)

        entry = TwilioCall(
            self.account_sid,
            from_number,
            to_number,
            sid=call.call_sid,
            on_update=update,
            is_over=lambda: call.over,
        )
        self.calls[entry.sid] = entry
        return entry

    async def __aenter__(self) -> Self:
        sock = bind("127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        await self._stack.enter_async_context(serving(self._routes.app(), sock))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._stack.aclose()
