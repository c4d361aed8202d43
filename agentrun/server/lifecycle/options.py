"""What `agentrun serve` was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agentrun.server.admission.limits import Limits
from agentrun.server.lifecycle.settings import Dispatch, WhenFull


@dataclass(frozen=True)
class Worker:
    """One of the processes that answer at one socket; by default the only one.

    ``number`` counts from 0, ``of`` is how many there are. ``socket_fd`` is the descriptor of the socket and
    ``ledger`` the file that they share, None where there is one process alone.
    """

    number: int = 0
    of: int = 1
    socket_fd: int | None = None
    ledger: Path | None = None

    @property
    def is_first(self) -> bool:
        """Whether it does what one of them does for all."""
        return self.number == 0


@dataclass(frozen=True)
class Options:
    """What `agentrun serve` was asked for; port 0 takes a free one.

    ``mock_server`` is where the mock OpenAI server runs, offline; in this process by default.
    ``records`` is where they are kept for ``keep_records`` days, None nowhere and for ever. With
    ``webhooks`` each record is sent to the webhook of its agent. ``capacity`` is how many calls this process
    carries at once, None any number; ``when_full`` is what Twilio is answered when it is full or stops.
    ``shared`` is where machines share what limits and tokens need: by default where records are, if that is
    PostgreSQL.
    ``private_host`` is this machine's address for the others, None for one that only this machine reaches.
    ``ice_servers`` are addresses of STUN and TURN servers, for calls from browsers.
    ``dispatch`` is where sessions answer the calls that are let in here, None for here.
    With ``pod_deletion_cost`` Kubernetes is told how many calls the pod has.
    ``worker`` is which of the server's processes this is.
    """

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
    ice_servers: tuple[str, ...] = ()
    forwarded_allow_ips: str | None = None
    worker: Worker = field(default_factory=Worker)
    records: str | None = None
    keep_records: float | None = None
    webhooks: bool = False
    shared: str | None = None
    private_host: str | None = None
    mock_server: str = ""
    capacity: int | None = None
    when_full: WhenFull = "busy"
    dispatch: Dispatch | None = None
    pod_deletion_cost: bool = False
