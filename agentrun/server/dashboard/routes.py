"""The dashboard's routes: pages, the parts of them that renew themselves, and the sound of a call."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from agentrun.records.store.hourly import HOUR
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import charts, figures, stored_sound
from agentrun.server.dashboard.access import is_open, require
from agentrun.server.dashboard.record_source import Row, Source
from agentrun.server.lifecycle.settings import ServerSettings

__all__ = ["is_open", "router"]
PAGE = 50
DAY = 24
"""Hours of a step that has all of today, which counts from the whole hour in which it began."""
_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def router(switchboard: Switchboard, settings: ServerSettings) -> APIRouter:
    """``/dashboard`` and what is below it, for whom ``access.require`` lets in."""
    routes = APIRouter(prefix="/dashboard", dependencies=[Depends(require(settings))])
    pages = Pages(switchboard)
    routes.get("")(pages.calls)
    routes.get("/live")(pages.live)
    routes.get("/charts")(pages.charts)
    routes.get("/calls/{agent}/{call_id}")(pages.call)
    routes.get("/calls/{agent}/{call_id}/audio")(pages.audio)
    routes.get("/static/{name}")(_static)
    return routes


class Pages:
    """The pages over the calls of ``switchboard``."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._source = Source(switchboard.records)
        self._write = _writer()

    async def calls(
        self, agent: str | None = None, page: Annotated[int, Query(ge=1, le=1000)] = 1
    ) -> HTMLResponse:
        """Live calls, today's figures, and the latest calls, fifty a page."""
        today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        first = int(today.timestamp()) // HOUR
        rows = await self._source.page(agent, PAGE * (page - 1), PAGE + 1)
        return self._write(
            "calls.html",
            agents=sorted(self._switchboard.plans),
            agent=agent,
            summary=figures.summary((await self._source.figures(agent, first, DAY)).values()),
            **await self._live(),
            lines=[figures.line(row) for row in rows[:PAGE]],
            page=page,
            more=len(rows) > PAGE,
        )

    async def live(self) -> HTMLResponse:
        """The calls that are up, as the part of a page."""
        return self._write("live.html", **await self._live())

    async def _live(self) -> dict[str, Any]:
        capacity = self._switchboard.admission.capacity
        lines = [figures.line(row) for row in await self._source.live()]
        return {"live": lines, "capacity": capacity() if capacity else None}

    async def call(self, agent: str, call_id: str, part: bool = False) -> HTMLResponse:
        """One call, or the ``part`` of its page that changes."""
        row = await self._row(agent, call_id)
        return self._write(
            "call_body.html" if part else "call.html",
            row=row,
            timeline=figures.timeline(row),
            waterfall=figures.waterfall(row),
            lasted=figures.seconds(row),
            sound=bool(_sound(row) or self._stored(row)),
        )

    async def audio(
        self, agent: str, call_id: str, wanted: Annotated[str | None, Header(alias="range")] = None
    ) -> Response:
        """A call's recording, from this machine or the agent's store; a browser asks for it in ranges."""
        row = await self._row(agent, call_id)
        path = _sound(row)
        if path is None and (address := self._stored(row)):
            return await stored_sound.answer(address, wanted)
        if path is None:
            raise HTTPException(404, "this call has no recording on this machine, and none in a store")
        return FileResponse(path, media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream")

    async def charts(self, span: str = "24h", agent: str | None = None) -> Response:
        """Figures over time."""
        if span not in charts.SPANS:
            return RedirectResponse("/dashboard/charts", 303)
        now = datetime.now(UTC)
        first, (_, step) = charts.first_hour(span, now), charts.SPANS[span]
        sums = await self._source.figures(agent, first, step)
        columns = charts.columns(sums, span, now)
        return self._write(
            "charts.html",
            span=span,
            spans=list(charts.SPANS),
            agents=sorted(self._switchboard.plans),
            agent=agent,
            columns=columns,
            latency=charts.latency(columns),
            calls=charts.calls(columns),
            size=(charts.WIDTH, charts.HEIGHT),
            summary=figures.summary(sums.values()),
        )

    def _stored(self, row: Row) -> str | None:
        return stored_sound.address_of(self._switchboard.plans.get(row["agent"]), row)

    async def _row(self, agent: str, call_id: str) -> Row:
        row = await self._source.one(agent, call_id)
        if row is None:
            raise HTTPException(404, f"no call '{call_id}' of agent '{agent}'")
        return row


async def _static(name: str) -> Response:
    if name not in ("theme.css", "dashboard.css", "dashboard.js", "icon.svg"):
        raise HTTPException(404, "there is no such file")
    return FileResponse(_HERE / "static" / name)


def _sound(row: Row) -> Path | None:
    """The recording of a call where it is a file of this machine."""
    recording = row.get("recording") or ""
    path = Path(recording) if recording and "://" not in recording else None
    return path if path and path.is_file() else None


def _writer() -> Callable[..., HTMLResponse]:
    """Fills in a template; whatever a caller has said stays text."""
    templates = jinja2.FileSystemLoader(_HERE / "templates")
    pages = jinja2.Environment(loader=templates, autoescape=True, undefined=jinja2.StrictUndefined)
    pages.filters["when"] = _when
    pages.filters["clock"] = _clock
    pages.filters["told"] = _told

    def write(name: str, **shown: Any) -> HTMLResponse:
        text = pages.get_template(name).render(**shown)
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})

    return write


def _when(text: str) -> str:
    """A time of a record as people here read it."""
    return datetime.fromisoformat(text).astimezone().strftime("%d %b, %H:%M:%S")


def _clock(seconds: float | None) -> str:
    """Seconds as minutes and seconds; nothing while a call is up."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _told(value: Any) -> str:
    """What an analysis has found out, as people read it."""
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return {"True": "yes", "False": "no", "None": "not told"}.get(str(value), str(value))
