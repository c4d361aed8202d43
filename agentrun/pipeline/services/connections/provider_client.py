"""The HTTP client through which all calls of a process use OpenAI's API."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any, Literal, get_args

import httpx2
import openai

from agentrun.errors import SetupError
from agentrun.http import tls
from agentrun.pipeline.services.connections import event_streams, http_retries, lost_peers
from agentrun.pipeline.services.connections.aiohttp_transport import AiohttpTransport

Connections = Literal["aiohttp", "httpx"]
"""Whose connections the client has."""
VARIABLE = "AGENTRUN_HTTP_CONNECTIONS"
_KEPT_SECONDS = 60.0


def connections(environ: Mapping[str, str]) -> Connections:
    """What ``AGENTRUN_HTTP_CONNECTIONS`` asks for; raises SetupError for anything else.

    >>> connections({})
    'aiohttp'
    """
    wanted = environ.get(VARIABLE) or "aiohttp"
    for each in get_args(Connections):
        if wanted == each:
            kind: Connections = each
            return kind
    allowed = ", ".join(get_args(Connections))
    raise SetupError(f"{VARIABLE}: '{wanted}' is not one of {allowed}", f"unset {VARIABLE}")


def provider_client(kind: Connections = "aiohttp") -> Any:
    """A client for OpenAI's SDK; whoever makes it closes it.

    Its connections outlive a caller's turn: those of openai and httpx close after 5 s, so that most requests
    would begin with a TLS handshake.
    """
    defaults = openai.DEFAULT_CONNECTION_LIMITS
    limits = httpx2.Limits(
        max_connections=defaults.max_connections,
        max_keepalive_connections=defaults.max_keepalive_connections,
        keepalive_expiry=_KEPT_SECONDS,
    )
    verify = tls.system_context()
    return openai.DefaultAsyncHttpxClient(
        limits=limits,
        verify=verify,
        mounts=_mounts(kind, limits, verify),
        event_hooks={"response": [http_retries.bound_retries, event_streams.skip_byte_order_mark]},
    )


def _mounts(kind: Connections, limits: httpx2.Limits, verify: Any) -> dict[str, httpx2.AsyncBaseTransport]:
    """How the client reaches everything that no proxy of the environment's is for."""
    if "all" in urllib.request.getproxies():
        return {}
    options = lost_peers.socket_options()
    if kind == "aiohttp":
        return {"all://": AiohttpTransport(limits, verify, options)}
    return {"all://": httpx2.AsyncHTTPTransport(limits=limits, verify=verify, socket_options=options)}
