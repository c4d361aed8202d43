"""The address of an MCP server, with environment variables filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentrun.providers.variables import expand
from agentrun.spec.models.tools.mcp import McpServer

MASK = "…"


@dataclass(frozen=True)
class Address:
    """Two entries of ``tools:`` with the same address share a connection.

    ``label`` has the variables as they stand in the spec, so it can be printed; the others are secret.
    """

    label: str
    url: str | None
    headers: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    folder: Path
    oauth: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Address({self.label!r})"

    def without_secrets(self, text: str) -> str:
        """``text`` with none of the values that came from variables, or may have."""
        login = [(name, value) for name, value in self.oauth if name != "scope"]
        hidden = [value for _, value in (*self.headers, *self.environment, *login)]
        hidden += [word for value in hidden for word in value.split()]
        hidden += [word for word in (self.url, *self.command) if word and word not in self.label]
        for value in sorted(filter(None, hidden), key=len, reverse=True):
            text = text.replace(value, MASK)
        return text


def address(server: McpServer, folder: Path, environ: Mapping[str, str]) -> Address:
    """The address of ``server``; a command runs in ``folder``, and gets no variables but those it names."""

    def pairs(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(expand(values, environ).items()))

    return Address(
        label=server.label,
        url=expand(server.url, environ),
        headers=pairs(server.headers),
        command=tuple(expand(server.command or (), environ)),
        environment=pairs(server.environment),
        folder=folder,
        oauth=pairs(server.oauth.model_dump(exclude_none=True)) if server.oauth else (),
    )
