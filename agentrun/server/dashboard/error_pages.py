"""Errors of the dashboard's routes as pages, for browsers; programs get JSON as everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from loguru import logger

from agentrun.server.dashboard.access import mark_of
from agentrun.server.dashboard.page_writer import PageWriter

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def route_class(writer: PageWriter) -> type[APIRoute]:
    """A class of routes whose errors ``writer`` writes, and which mark a browser that was let in."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            return _with_pages(super().get_route_handler(), writer)

    return PageRoute


def _with_pages(handler: Handler, writer: PageWriter) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
            if mark := mark_of(request):
                response.headers.append("Set-Cookie", mark)
            return response
        except HTTPException as error:
            if error.status_code < 400 or not _wants_page(request):
                raise
            return writer.error(error.status_code, str(error.detail), **(error.headers or {}))
        except RequestValidationError as error:
            if not _wants_page(request):
                raise
            return writer.error(422, "; ".join(map(_words, error.errors())))
        except Exception as error:  # whoever looks at the page is told in its look
            if not _wants_page(request):
                raise
            logger.opt(exception=error).error("the page {} could not be made", request.url.path)
            return writer.error(500, "this page could not be made; the server's log says why")

    return answer


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _words(problem: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"][1:])
    return f"{name}: {str(problem['msg']).removeprefix('Value error, ')}"
