"""Streams pages: the browser gets the head while records are still being read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from fastapi import HTTPException
from fastapi.responses import HTMLResponse, StreamingResponse
from loguru import logger
from markupsafe import Markup

from agentrun.records.store.threads import StoreThreads
from agentrun.server.dashboard.page_writer import PageWriter, headers

Shown = Mapping[str, Any]
"""What a template shows."""
_BROKEN = "<p role='alert'>This page could not be made; the server's log says why.</p>"


class StreamedPages:
    """The pages of ``writer``; they are written in ``threads``, for a long one would hold up other calls."""

    def __init__(self, writer: PageWriter, threads: StoreThreads) -> None:
        self._writer = writer
        self._threads = threads

    async def part(self, name: str, **shown: Any) -> HTMLResponse:
        """The template of a part of a page."""
        return await self._threads.run(partial(self._writer.part, name, **shown))

    def page(self, name: str, title: str, shown: Shown | Callable[[], Awaitable[Shown]]) -> StreamingResponse:
        """The page of a template, whose head is sent before ``shown`` is asked for, where it is not at hand.

        Its status is 200 by then: what is to be answered with another one is found out before. What is raised
        later is logged, and told in the page.
        """
        return StreamingResponse(self._texts(name, title, shown), headers=headers(), media_type="text/html")

    async def _texts(
        self, name: str, title: str, shown: Shown | Callable[[], Awaitable[Shown]]
    ) -> AsyncIterator[str]:
        yield self._writer.head(name, title)
        try:
            pieces = self._writer.pieces(name, **(await shown() if callable(shown) else shown))
            while text := await self._threads.run(_next, pieces):
                yield text
        except HTTPException as refused:
            yield Markup("<p role='alert'>{}.</p>").format(refused.detail)
        except Exception as error:  # noqa: BLE001 - whoever looks at the page is told in it
            logger.opt(exception=error).error("the page {} could not be made", name)
            yield _BROKEN


def _next(pieces: Iterator[str]) -> str:
    return next(pieces, "")
