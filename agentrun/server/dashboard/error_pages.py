"""Error pages for browsers: of the dashboard, and of any address for whoever is at this machine.

Programs get JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from loguru import logger
from starlette.exceptions import HTTPException as AnyHTTPException

from agentrun.server.auth import local_only
from agentrun.server.dashboard.access import mark_of
from agentrun.server.dashboard.page_writer import PageWriter

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def route_class(writer: PageWriter) -> type[APIRoute]:
    """A class of routes whose errors ``writer`` writes, and which mark a browser that was let in."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            return _with_pages(super().get_route_handler(), writer)

    return PageRoute


def install(app: FastAPI, writer: PageWriter) -> None:
    """Have ``writer`` write the errors of all routes of ``app`` for a browser at this machine."""

    @app.exception_handler(AnyHTTPException)
    async def answer(request: Request, error: AnyHTTPException) -> Response:
        opens = request.scope["type"] == "http" and request.method == "GET" and _wants_page(request)
        if error.status_code < 400 or not opens or not _is_here(request):
            return await http_exception_handler(request, error)
        is_unknown = error.status_code == 404 and error.detail == "Not Found"
        words = f"there is nothing at {request.url.path[:100]}" if is_unknown else str(error.detail)
        return writer.error(error.status_code, words, **(error.headers or {}))


def _is_here(request: Request) -> bool:
    try:
        local_only.require_address(request)
    except HTTPException:
        return False
    return True


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
