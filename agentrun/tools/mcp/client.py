"""Opens a session with an MCP server.

Pipecat has a client of its own (``pipecat.services.mcp_service``), made for one pipeline: it is closed with
the call's language model, its functions answer the model themselves, past the call's timeouts, record and
promises, a refusal looks like a result, and a dead server is tried again only by the next tool call. So this
uses the package that it is built on, ``mcp``, the official one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation, Tool

from agentrun import __version__
from agentrun.http import bounded_answers, tls
from agentrun.tools.mcp import oauth
from agentrun.tools.mcp.address import Address
from agentrun.tools.mcp.http_refusal import HttpRefusal
from agentrun.tools.mcp.listing import MOST_TOOLS

CONNECT_SECONDS = 10.0
READ_SECONDS = 300.0
"""Between two pieces of an answer; a tool's own ``timeout`` is shorter."""
MOST_PAGES = 20
"""Of a list of tools; the rest is left out."""


@asynccontextmanager
async def opened(address: Address, refusal: HttpRefusal) -> AsyncIterator[Client]:
    """A session with the server at ``address`` while the block runs; raises whatever goes wrong.

    ``refusal`` sees what is answered over HTTP.
    """
    info = Implementation(name="agentrun", version=__version__)
    async with AsyncExitStack() as stack:
        if address.url is None:
            yield await stack.enter_async_context(Client(_program(address), client_info=info, cache=None))
            return
        _check_headers(address)
        trusted = await asyncio.to_thread(tls.system_context)
        timeout = httpx2.Timeout(CONNECT_SECONDS, read=READ_SECONDS)
        hooks: Any = {"response": [bounded_answers.bound_events, refusal.note]}
        headers = {**bounded_answers.ACCEPTED, **dict(address.headers)}
        login = None
        if address.oauth:
            asking = await stack.enter_async_context(oauth.client(verify=trusted))
            clock = asyncio.get_running_loop().time
            login = oauth.ClientCredentials(dict(address.oauth), asking, refusal.no_token, clock)
            stack.push_async_callback(login.close)
        web = httpx2.AsyncClient(
            headers=headers, timeout=timeout, verify=trusted, event_hooks=hooks, auth=login
        )
        await stack.enter_async_context(web)
        transport = streamable_http_client(address.url, http_client=web)
        try:
            client = await stack.enter_async_context(Client(transport, client_info=info, cache=None))
        except (MCPError, ExceptionGroup):
            await refusal.look_for_sse(web, address.url)
            raise
        yield client


async def tools_of(client: Client) -> list[Tool]:
    """Every tool that the server lists now."""
    tools: list[Tool] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor or len(tools) > 10 * MOST_TOOLS:
            break
    return tools


def _program(address: Address) -> StdioServerParameters:
    program, *arguments = address.command
    return StdioServerParameters(
        command=program, args=arguments, env=dict(address.environment), cwd=address.folder
    )


def _check_headers(address: Address) -> None:
    """Raise ValueError, without the value, for a header that can't be sent."""
    for name, value in address.headers:
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"the header {name} holds a mark that can't be sent")
