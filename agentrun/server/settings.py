"""How a server is set: where it listens and whom it trusts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentrun.server.access import Access


@dataclass(frozen=True)
class ServerSettings:
    """``public_urls`` holds the address at which Twilio reaches each agent's server, where one is known."""

    host: str
    access: Access
    environ: Mapping[str, str] = field(repr=False)
    public_urls: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    evals: bool = False
