"""Routes of the mock server: at its root for every agent, and below the name of a single one.

They are Starlette's and not FastAPI's, which inspects each route's function anew for each server: 19 ms of
processor for each mock server, and a run of this project's tests starts some 2,500 of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


def route(method: str, path: str, answer: Callable[[Request, str], Awaitable[Response]]) -> list[Route]:
    """``path`` and the same below an agent's name, which ``answer`` is given; at the root that is empty.

    >>> async def models(request: Request, agent: str) -> Response:
    ...     return Response(agent)
    >>> [each.path for each in route("GET", "/v1/models", models)]
    ['/v1/models', '/{agent}/v1/models']
    """

    async def answered(request: Request) -> Response:
        return await answer(request, request.path_params.get("agent", ""))

    return [Route(each, answered, methods=[method]) for each in _paths(path)]


def socket_route(path: str, take: Callable[[WebSocket, str], Awaitable[None]]) -> list[WebSocketRoute]:
    """As ``route``, for sockets.

    >>> async def realtime(socket: WebSocket, agent: str) -> None: ...
    >>> [each.path for each in socket_route("/v1/realtime", realtime)]
    ['/v1/realtime', '/{agent}/v1/realtime']
    """

    async def taken(socket: WebSocket) -> None:
        await take(socket, socket.path_params.get("agent", ""))

    return [WebSocketRoute(each, taken) for each in _paths(path)]


def _paths(path: str) -> tuple[str, str]:
    return path, f"/{{agent}}{path}"
