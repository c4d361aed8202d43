"""A mock of Daily's REST API on a loopback port."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.simulate.daily.rooms import DailyRoom, DailyToken
from agentrun.simulate.daily.routes import RecordedRequest, RoomRoutes
from agentrun.simulate.faults import Fault


class DailyServer:
    """Runs while the block runs; ``api_url`` is what ``DAILY_API_URL`` is set to.

    It has rooms, tokens and the update of a telephone call, and no sound: nobody can join its rooms. A wrong
    key is answered with 401, an unknown property with 400, an unknown or an expired room with 404. ``clock``
    is in seconds since 1970.

    >>> async with DailyServer() as daily:  # doctest: +SKIP
    ...     daily.faults["POST rooms"] = Fault("status", 500)
    """

    def __init__(self, domain: str = "example", clock: Callable[[], float] = time.time) -> None:
        self.api_key = secrets.token_hex(16)
        self._routes = RoomRoutes(domain, self.api_key, clock=clock)
        self._stack = contextlib.AsyncExitStack()
        self._socket = bind("127.0.0.1", 0)

    @property
    def api_url(self) -> str:
        """``http://127.0.0.1:PORT/v1``."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    @property
    def rooms(self) -> dict[str, DailyRoom]:
        """Every room by its name that was not deleted."""
        return self._routes.rooms

    @property
    def tokens(self) -> dict[str, DailyToken]:
        """Every token by its text."""
        return self._routes.tokens

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, in order."""
        return self._routes.requests

    @property
    def arrived(self) -> list[str]:
        """The route of every request as it came, answered or not, such as ``POST rooms``."""
        return self._routes.arrived

    @property
    def faults(self) -> dict[str, Fault]:
        """What fails: ``{"POST rooms": Fault("status", 500)}``; a kind is ``status`` or ``hang``."""
        return self._routes.faults

    @property
    def latency(self) -> dict[str, float]:
        """Seconds before a route does what it is asked, by the same names."""
        return self._routes.latency

    def environ(self) -> dict[str, str]:
        """The variables that point an agent at this server."""
        return {"DAILY_API_KEY": self.api_key, "DAILY_API_URL": self.api_url}

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(serving(self._routes.app(), self._socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        self._socket.close()
