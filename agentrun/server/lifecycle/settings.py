"""A server's settings: where it listens, and whom it trusts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentrun.server.auth.call_access import Access
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.browser.ice_servers import IceServers

WhenFull = Literal["busy", "503"]
Dispatch = Literal["pipecat-cloud"]


@dataclass(frozen=True)
class ServerSettings:
    """What the routes of a server go by."""

    host: str
    access: Access
    environ: Mapping[str, str] = field(repr=False)
    public_urls: Mapping[str, str] = field(default_factory=dict)
    """Where Twilio reaches each agent's server, by the agent's name, where that is known."""
    offline: bool = False
    evals: bool = False
    """Whether `pipecat eval run` is answered."""
    origins: frozenset[str] = frozenset()
    """Sites whose pages may start calls, in lower case."""
    start_tokens: StartTokens | None = field(default=None, repr=False)
    """Checks tokens of ``agentrun token``, where the server has a key."""
    one_of_many: bool = False
    """Whether there are other workers. No spec is edited then: a draft is at the process that checked it, and
    each request may reach another one."""
    local: LocalAccess = field(default_factory=LocalAccess, repr=False)
    """Tells this user's own requests from strangers'."""
    when_full: WhenFull = "busy"
    """What Twilio is answered when this machine is full or stops: the agent's words, or 503 for a balancer
    that asks another machine."""
    insecure: bool = False
    """Whether streams that no webhook announced are let in, from this machine."""
    dispatch: Dispatch | None = None
    """Where calls are answered; None is here."""
    ice_servers: IceServers = field(default_factory=IceServers)
    """How browsers and this server find each other."""
