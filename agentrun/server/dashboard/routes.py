"""The dashboard's routes: pages, their self-updating parts, and call audio."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse

from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import error_pages
from agentrun.server.dashboard.access import is_open, require
from agentrun.server.dashboard.page_writer import STATIC, PageWriter, static_state
from agentrun.server.dashboard.pages import Pages
from agentrun.server.forwarding.forwarding import Forwarding
from agentrun.server.lifecycle.settings import ServerSettings

__all__ = ["is_open", "router", "write_errors"]
_KEPT = "private, max-age=31536000, immutable"
_SCRIPTS = ("dashboard.js", "times.js", "renew.js", "player.js", "listen.js")
_FILES = (*_SCRIPTS, "icon.svg")


def router(
    switchboard: Switchboard, settings: ServerSettings, forwarding: Forwarding | None = None
) -> APIRouter:
    """``/dashboard`` and what is below it, for whom ``access.require`` lets in.

    ``forwarding`` reaches the recordings of other machines, where there are some.
    """
    writer = PageWriter(has_talk=is_loopback(settings.host))
    pages = Pages(switchboard, writer, forwarding)
    dependencies = [Depends(require(settings))]
    routes = APIRouter(
        prefix="/dashboard", dependencies=dependencies, route_class=error_pages.route_class(writer)
    )
    routes.get("")(pages.calls)
    routes.get("/live")(pages.live)
    routes.get("/charts")(pages.charts)
    routes.get("/versions")(pages.versions)
    routes.get("/compare")(pages.compare)
    routes.get("/calls/{agent}/{call_id}")(pages.call)
    routes.get("/calls/{agent}/{call_id}/audio")(pages.audio)
    routes.get("/calls/{agent}/{call_id}/waveform")(pages.waveform)
    routes.get("/calls/{agent}/{call_id}/listen")(pages.listen)
    routes.get("/static/{state}/{name}")(_static)
    routes.get("/")(pages.first)
    routes.get("/{name:path}")(pages.nothing)
    return routes


def write_errors(app: FastAPI) -> None:
    """Have a browser at this machine shown the errors of ``app`` as pages."""
    error_pages.install(app, PageWriter(has_talk=True))


async def _static(state: str, name: str) -> FileResponse:
    """A file as it was when the server started; scripts import each other below the same ``state``."""
    if name not in _FILES:
        raise HTTPException(404, "there is nothing of that name")
    # what is of another version is not kept
    headers = {"Cache-Control": _KEPT if state == static_state() else "no-cache"}
    return FileResponse(STATIC / name, headers=headers)
