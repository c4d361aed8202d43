"""What `agentrun serve` was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentrun.server.admission import Limits


@dataclass(frozen=True)
class Options:
    """What `agentrun serve` was asked for; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 7860
    public_url: str | None = None
    offline: bool = False
    insecure: bool = False
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    evals: bool = False
    limits: Limits = field(default_factory=Limits)
    watch: bool = False
    origins: tuple[str, ...] = ()
    forwarded_allow_ips: str | None = None
