"""What the dashboard's pages show of the calls of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Header, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from agentrun.records.store.queries import call_filter
from agentrun.records.store.threads import StoreThreads
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import axes, charts, figures, record_source, versions
from agentrun.server.dashboard.filters import Filters
from agentrun.server.dashboard.page_writer import PageWriter
from agentrun.server.dashboard.record_source import Row, Source
from agentrun.server.dashboard.sound import waveform
from agentrun.server.dashboard.sound.live_stream import LiveStreams
from agentrun.server.dashboard.sound.recordings import Recordings, where
from agentrun.server.dashboard.streamed_pages import StreamedPages
from agentrun.server.forwarding.forwarding import Forwarding

PAGE = 50
MOST_LIVE_LINES = 100
"""Of the conversation and of the answers of a call that is up, the latest."""
_OUTCOMES = {
    "now": (call_filter.UP,),
    "ended by": call_filter.ENDED_BY,
    "placed": call_filter.PLACED,
    "analysis": (call_filter.SUCCESS, call_filter.NO_SUCCESS),
}
_CHOOSE = "choose two calls to compare: tick them in the list, then press “Compare two calls”"
_SPANS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
Name = Annotated[str, Query(max_length=100)]
Names = Annotated[list[Annotated[str, Query(max_length=400)]], Query(max_length=10)]


class Pages:
    """The pages over the calls of ``switchboard``; ``writer`` fills in their templates."""

    def __init__(
        self, switchboard: Switchboard, writer: PageWriter, forwarding: Forwarding | None = None
    ) -> None:
        self._switchboard = switchboard
        self._recordings = Recordings(switchboard.plans, forwarding)
        self._listening = LiveStreams(switchboard, forwarding)
        self._threads = StoreThreads("pages", most=2)
        self._pages = StreamedPages(writer, self._threads)

    async def calls(
        self,
        filters: Annotated[Filters, Query()],
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
        beside: Annotated[str, Query(max_length=400)] = "",
    ) -> Response:
        """Live calls, figures of a day, and the latest calls that match, fifty a page.

        ``beside`` is a call that another one is chosen for, as ``compare`` names it.
        """
        return self._pages.page("calls.html", "Calls", partial(self._list, filters, page, beside))

    async def _list(self, filters: Filters, page: int, beside: str) -> dict[str, Any]:
        source = self._source()
        rows, overview = await asyncio.gather(
            source.page(filters, PAGE * (page - 1), PAGE + 1),
            self._overview(source, filters, is_shown=not filters.is_narrow and page == 1 and not beside),
        )
        # before the last page the next one has more
        searched = await source.searched_until(filters) if len(rows) <= PAGE else None
        return {
            **self._filters(source, filters, searched),
            **overview,
            "lines": [figures.line(row) for row in rows[:PAGE]],
            "page": page,
            "more": len(rows) > PAGE,
            "beside": beside,
        }

    async def _overview(self, source: Source, filters: Filters, is_shown: bool) -> dict[str, Any]:
        if not is_shown:
            return {}
        number, step = charts.SPANS["24h"]
        first = charts.first_hour("24h", datetime.now(UTC))
        sums, live = await asyncio.gather(
            source.figures(filters, first, number * step), self._live(source, filters.agent)
        )
        return {"summary": figures.summary(sums.values()), **live}

    async def live(self, agent: Name = "") -> HTMLResponse:
        """The calls that are up, as the part of a page; those of one agent, if it is named."""
        return await self._pages.part("live.html", **await self._live(self._source(), agent))

    async def _live(self, source: Source, agent: str) -> dict[str, Any]:
        capacity = self._switchboard.admission.capacity
        rows = await source.live()
        lines = [figures.line(row) for row in rows if agent in ("", row["agent"])]
        return {"live": lines, "capacity": capacity() if capacity else None}

    async def call(self, agent: str, call_id: str, part: bool = False) -> Response:
        """One call, or the ``part`` of its page that changes."""
        if part:
            return await self._pages.part("call_body.html", **await self._one(agent, call_id))
        # a long record takes its time: the head needs no more of it than that there is one
        started = await self._source().began(agent, call_id)
        return self._pages.page(
            "call.html", figures.title(agent, started), partial(self._one, agent, call_id)
        )

    async def _one(self, agent: str, call_id: str) -> dict[str, Any]:
        return self._call(await self._row(agent, call_id))

    def _call(self, row: Row, scale: float = 0.0) -> dict[str, Any]:
        # the page of a call that is up is written each second
        most = None if row["ended"] else MOST_LIVE_LINES
        timeline = figures.timeline(row)
        shown = timeline[-most:] if most else timeline
        return {
            "row": row,
            "line": figures.line(row),
            "timeline": shown,
            "left_out": len(timeline) - len(shown),
            "waterfall": figures.waterfall(row, most, scale),
            "services": figures.services(row),
            "sound": bool(row["ended"]) and self._recordings.has(row),
            "served": row["agent"] in self._switchboard.plans,
            "refusal": self._listening.refusal(row["agent"], row["id"]),
            "where": where(row),
        }

    async def audio(
        self, agent: str, call_id: str, byte_range: Annotated[str | None, Header(alias="range")] = None
    ) -> Response:
        """A call's recording, from where it is; a browser asks for it in ranges."""
        return await self._recordings.answer(await self._row(agent, call_id), byte_range)

    async def listen(self, agent: str, call_id: str, request: Request) -> Response:
        """The sound of a call that is up, as it is spoken."""
        row = await self._row(agent, call_id)
        if row["ended"]:
            raise HTTPException(404, "the call is over")
        return await self._listening.answer(row, request)

    async def waveform(self, agent: str, call_id: str) -> HTMLResponse:
        """The picture of a recording, as the part of a page."""
        row = await self._row(agent, call_id)
        peaks = await self._recordings.peaks(row)
        if peaks is None:
            raise HTTPException(404, "there is no recording whose sound can be drawn")
        outlines = {
            "caller": waveform.outline(peaks.caller, up=True),
            "agent": waveform.outline(peaks.agent, up=False) if peaks.agent else "",
        }
        shown = {"outlines": outlines, "marks": figures.marks(row), "ticks": axes.seconds(peaks.seconds)}
        return await self._pages.part("waveform.html", peaks=peaks, **shown)

    async def compare(self, call: Names = ()) -> Response:  # type: ignore[assignment]
        """Two calls side by side; each is named as its agent, a slash, and its id."""
        if len(call) != 2:
            raise HTTPException(422, _CHOOSE)
        names = [each.partition("/")[::2] for each in call]
        await asyncio.gather(*(self._source().began(*name) for name in names))
        return self._pages.page("compare.html", "Two calls", partial(self._both, names))

    async def _both(self, names: Sequence[Sequence[str]]) -> dict[str, Any]:
        rows = await asyncio.gather(*(self._row(*name) for name in names))
        longest = max(figures.answers(rows), default=0.0)
        return {"calls": [self._call(row, longest) for row in rows]}

    async def versions(
        self,
        filters: Annotated[Filters, Query()],
        spec: Names = (),  # type: ignore[assignment]
    ) -> Response:
        """What came of the calls of each version of an agent's spec; of those that are named, if two are."""
        if not filters.agent:
            filters = filters.model_copy(update={"agent": next(iter(sorted(self._switchboard.plans)), "")})
        return self._pages.page("versions.html", "Versions", partial(self._versions, filters, spec))

    async def _versions(self, filters: Filters, spec: Sequence[str]) -> dict[str, Any]:
        source = self._source()
        rows, searched = await asyncio.gather(
            source.versions(filters, versions.MOST_CALLS), source.searched_until(filters)
        )
        some = await self._threads.run(versions.of_calls, rows)
        chosen = [each for each in some if each.spec_hash in spec]
        return {
            **self._filters(source, filters, searched),
            "agent": filters.agent,
            "versions": chosen if len(chosen) == 2 else some,
            "chosen": len(chosen) == 2,
            "most": versions.MOST_CALLS if len(rows) == versions.MOST_CALLS else None,
        }

    async def charts(self, filters: Annotated[Filters, Query()], span: Name = "24h") -> Response:
        """Figures over time."""
        if span not in charts.SPANS:
            return RedirectResponse("/dashboard/charts", 303)
        return self._pages.page("charts.html", "Charts", partial(self._drawn, filters, span))

    async def _drawn(self, filters: Filters, span: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        first, (_, step) = charts.first_hour(span, now), charts.SPANS[span]
        source = self._source()
        sums, searched = await asyncio.gather(
            source.figures(filters, first, step), source.searched_until(filters)
        )
        columns = charts.columns(sums, span, now)
        return {
            **self._filters(source, filters, searched),
            "span": span,
            "spans": list(charts.SPANS),
            "names": _SPANS,
            "step": "an hour" if step == 1 else f"{step} hours",
            "columns": columns,
            "latency": charts.latency(columns, span),
            "calls": charts.calls(columns, span),
            "summary": figures.summary(sums.values()),
        }

    async def first(self) -> Response:
        """The first page, which has no slash at its end."""
        return RedirectResponse("/dashboard", 303)

    async def nothing(self, name: str) -> HTMLResponse:
        """Every other page."""
        raise HTTPException(404, f"there is nothing of that name: {name[:100]}")

    def _source(self) -> Source:
        """What one page's records are read with."""
        return Source(self._switchboard.records)

    def _filters(self, source: Source, filters: Filters, searched: str | None) -> dict[str, Any]:
        """What is chosen from, and how far back a search has ``searched``."""
        plans = self._switchboard.plans
        return {
            "filters": filters,
            "agents": sorted({*plans, filters.agent} - {""}),
            "tools": sorted({tool.name for plan in plans.values() for tool in plan.tools}),
            "outcomes": _OUTCOMES,
            "away": record_source.AWAY if source.is_away else "",
            "searched": searched,
        }

    async def _row(self, agent: str, call_id: str) -> Row:
        return await self._source().one(agent, call_id)
