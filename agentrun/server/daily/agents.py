"""Server support for agents on Daily, imported only if there are any."""

from __future__ import annotations

from fastapi import FastAPI

from agentrun.errors import SetupError
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.daily import signature
from agentrun.server.daily.calls import Connect, DailyCalls
from agentrun.server.daily.rooms import DailyRooms
from agentrun.server.daily.routes import DailyRoutes
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.transports import daily


def include(
    app: FastAPI, switchboard: Switchboard, settings: ServerSettings, connect: Connect | None = None
) -> DailyCalls:
    """Add Daily's routes to ``app``; rooms are deleted when the switchboard closes.

    ``connect`` makes the agent's side of a room; it is ``transports.daily.connect`` by default. Raises
    SetupError when the webhook's secret is none.
    """
    secret = settings.environ.get(signature.VARIABLE, "")
    if secret and not signature.is_secret(secret):
        raise SetupError(
            f"{signature.VARIABLE} is not base64, as Daily's `hmac` of a telephone number is",
            "copy it from the answer of Daily's API to the number's configuration",
        )
    calls = DailyCalls(switchboard, DailyRooms(settings.environ), connect or daily.connect)
    switchboard.on_close(calls.close)
    app.include_router(DailyRoutes(switchboard, settings, calls).router())
    return calls
