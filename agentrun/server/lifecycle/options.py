"""The options of `agentrun serve`."""

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
    """What `agentrun serve` was asked for."""

    host: str = "127.0.0.1"
    port: int = 7860
    """0 takes a free one."""
    public_url: str | None = None
    """Where Twilio reaches the server."""
    offline: bool = False
    mock_server: str = ""
    """Offline, where the mock OpenAI server runs; in this process by default."""
    insecure: bool = False
    """Whether unsigned calls are let in."""
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    evals: bool = False
    """Whether `pipecat eval run` is answered."""
    watch: bool = False
    """Whether edited specs are taken into use."""
    limits: Limits = field(default_factory=Limits)
    capacity: int | None = None
    """How many calls this process carries at once; None is any number."""
    when_full: WhenFull = "busy"
    """What Twilio is answered when the process is full or stops."""
    origins: tuple[str, ...] = ()
    """Sites whose pages may start calls."""
    ice_servers: tuple[str, ...] = ()
    """Addresses of STUN and TURN servers, for calls from browsers."""
    forwarded_allow_ips: str | None = None
    """Whose `X-Forwarded-` headers are believed."""
    worker: Worker = field(default_factory=Worker)
    records: str | None = None
    """Where records are kept; None is nowhere."""
    keep_records: float | None = None
    """For how many days; None is for ever."""
    webhooks: bool = False
    """Whether each record is sent to the webhook of its agent."""
    shared: str | None = None
    """Where machines share what limits and tokens need; by default at ``records``, if that is PostgreSQL."""
    private_host: str | None = None
    """This machine's address for the others; None is one that only this machine reaches."""
    dispatch: Dispatch | None = None
    """Where sessions answer the calls that are let in here; None is here."""
    speaks_later: bool = False
    """Whether a start does not wait for the speech that is prepared: somebody waits for the start."""
    pod_deletion_cost: bool = False
    """Whether Kubernetes is told how many calls the pod has."""
