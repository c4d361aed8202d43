"""The MCP servers of a process, and the tools that they bring to an agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from loguru import logger

from agentrun.background_tasks import BackgroundTasks
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.http.address import is_private
from agentrun.tools.mcp import MCP, unlisted
from agentrun.tools.mcp.address import Address, address
from agentrun.tools.mcp.build import make
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.mcp.listing import MOST_TOOLS, Listing
from agentrun.tools.tool import Tool

_LOUD = "agentrun.tools.mcp.connection"


@dataclass
class McpTools:
    """The tools that the servers of one agent bring to one call; ``troubles`` lists the servers' errors.

    ``connections`` are the call's own: whoever asked opens them, and closes them when the call is over.
    """

    tools: list[Tool] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)


class McpServers:
    """One connection for each server, shared by all agents and calls of the process.

    A connection carries many requests at once, told apart by their ids, so calls don't wait for one another,
    and a call needs no time to connect. A server that remembers something between two requests would mix up
    callers: with ``shared: false`` each call has a connection of its own, and this one is for the listing.
    """

    def __init__(self) -> None:
        self._connections: dict[Address, Connection] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.background: BackgroundTasks | None = None
        """Where the shared connections are kept up, in a server."""

    def open(
        self, servers: Iterable[McpServer], folder: Path, environ: Mapping[str, str], *, offline: bool
    ) -> list[Connection]:
        """Begin to connect with those that are not connected yet; returns at once.

        Offline only programs and addresses of this machine are connected with.
        """
        opened = []
        for server in servers:
            place = address(server, folder, environ)
            if offline and not _is_here(place):
                continue
            connection = self._connections.setdefault(place, Connection(place))
            connection.open(self.background)
            opened.append(connection)
        return opened

    def close_unused(self, used: Iterable[tuple[Iterable[McpServer], Path, Mapping[str, str]]]) -> None:
        """Begin to end the sessions with all servers but those of ``used``, with their folders and variables.

        A program that was started for one of them ends with it; returns at once.
        """
        if not self._connections:
            return
        places = {address(one, folder, environ) for servers, folder, environ in used for one in servers}
        for place in self._connections.keys() - places:
            task = asyncio.create_task(self._connections.pop(place).close(), name=f"close mcp {place.label}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all sessions."""
        closing = (connection.close() for connection in self._connections.values())
        await asyncio.gather(*closing, *self._closing)

    def bring(
        self, own: Sequence[Tool], servers: Sequence[McpServer], folder: Path, environ: Mapping[str, str]
    ) -> McpTools:
        """The tools of an agent: its ``own``, and what its servers list.

        A server that was never asked leaves its tools as they stand in ``own``. A name that is taken goes to
        the one who came first, and the other is a trouble.
        """
        toolset = McpTools([tool for tool in own if tool.plugin != MCP])
        own_tools = {tool.name: tool for tool in own if tool.plugin == MCP}
        for server in servers:
            connection = self._connections.get(address(server, folder, environ))
            if connection is None or connection.listing is None:
                toolset.tools += [own_tools.get(tool.name, tool) for tool in unlisted(server)]
                if connection:
                    toolset.troubles.append(f"{server.label} can't be reached: {connection.trouble}")
                continue
            if not server.shared:
                connection = Connection(connection.address, connection.listing)
                toolset.connections.append(connection)
            _add(toolset, server, connection)
        return toolset


def _add(found: McpTools, server: McpServer, connection: Connection) -> None:
    """Add the tools of a server that has said what it has."""
    listing = connection.listing or Listing()
    for name in server.only or (*listing.tools, *listing.unusable):
        if name in listing.unusable:
            found.troubles.append(f"{server.label}: {listing.unusable[name]}; it is left out")
            continue
        if name not in listing.tools:
            names = ", ".join(listing.tools) or "none"
            found.troubles.append(f"{server.label} has no tool '{name}'; it has: {names}")
            continue
        holder = next((tool for tool in found.tools if tool.name == name), None)
        if holder:
            found.troubles.append(f"{server.label}: '{name}' is left out, for {holder.origin} has that name")
            continue
        found.tools.append(make(listing.tools[name], server, connection))
    if listing.more:
        words = f"{server.label} lists more than {MOST_TOOLS} tools; {listing.more} are left out"
        found.troubles.append(words)


@asynccontextmanager
async def asked(
    file: SpecFile, own: Sequence[Tool], environ: Mapping[str, str], *, offline: bool = False
) -> AsyncIterator[McpTools]:
    """The tools of an agent once each of its servers was asked; they can be run while the block runs.

    Nothing is logged: ``troubles`` says it all to whoever asks.
    """
    servers = McpServers()
    configs = [one.model_copy(update={"shared": True}) for one in servers_of(file)]
    logger.disable(_LOUD)
    try:
        opened = servers.open(configs, file.project, environ, offline=offline)
        await asyncio.gather(*(connection.tried.wait() for connection in opened))
        yield servers.bring(own, configs, file.project, environ)
    finally:
        await servers.close()
        logger.enable(_LOUD)


def servers_of(file: SpecFile) -> tuple[McpServer, ...]:
    """The servers that a spec names, in its order."""
    return tuple(entry.mcp for entry in file.spec.tools if entry.mcp)


def _is_here(place: Address) -> bool:
    """Whether a server is a program, or at an address of this machine or its network."""
    host = urlsplit(place.url).hostname if place.url else "localhost"
    return is_private(host or "")
