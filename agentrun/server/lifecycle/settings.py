"""How a server is set: where it listens and whom it trusts."""

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
    """``public_urls`` holds the address at which Twilio reaches each agent's server, where one is known.

    ``origins`` are the sites whose pages may start calls, in lower case. ``start_tokens`` checks tokens of
    ``agentrun token``, where the server has a key. ``one_of_many`` workers has no specs edited: a
    draft is at the process that checked it, and each request may reach another worker.
    ``local`` tells this user's own requests from strangers'. ``when_full`` is what Twilio is answered when
    this machine is full or stops: the agent's words, or 503 for a balancer that asks another machine.
    ``insecure`` lets streams in that no webhook announced, from this machine. ``dispatch`` is where calls are
    answered, None for here. ``ice_servers`` are how browsers and this server find each other.
    """

    host: str
    access: Access
    environ: Mapping[str, str] = field(repr=False)
    public_urls: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    evals: bool = False
    origins: frozenset[str] = frozenset()
    start_tokens: StartTokens | None = field(default=None, repr=False)
    one_of_many: bool = False
    local: LocalAccess = field(default_factory=LocalAccess, repr=False)
    when_full: WhenFull = "busy"
    insecure: bool = False
    dispatch: Dispatch | None = None
    ice_servers: IceServers = field(default_factory=IceServers)
