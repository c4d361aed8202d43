"""The options of `agentrun serve`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agentrun.server.admission.limits import Limits
from agentrun.server.lifecycle.settings import Dispatch, WhenFull


@dataclass(frozen=True)
class Worker:
    """Which of the processes on one socket this is; by default the only one.

    ``number`` counts from 0, ``of`` is how many there are. ``socket_fd`` is the descriptor of the socket and
    ``ledger`` the file that they share, None where there is one process alone.
    """

    number: int = 0
    of: int = 1
    socket_fd: int | None = None
    ledger: Path | None = None

    @property
    def is_first(self) -> bool:
        """Whether this process also does what must be done once for all of them."""
        return self.number == 0


@dataclass(frozen=True)
class Options:
    """The options of `agentrun serve`."""

    host: str = "127.0.0.1"
    port: int = 7860
    """The port to listen on; 0 takes a free one."""
    public_url: str | None = None
    """The URL at which Twilio reaches the server."""
    offline: bool = False
    mock_server: str = ""
    """URL of the mock OpenAI server for offline mode; by default it runs in this process."""
    insecure: bool = False
    """Whether unsigned calls are accepted."""
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    evals: bool = False
    """Whether `pipecat eval run` is accepted."""
    watch: bool = False
    """Whether edited specs are reloaded."""
    limits: Limits = field(default_factory=Limits)
    capacity: int | None = None
    """How many concurrent calls this process can carry; None for any number."""
    when_full: WhenFull = "busy"
    """The answer to Twilio when the process is full or stopping."""
    origins: tuple[str, ...] = ()
    """Web sites whose pages may start calls."""
    ice_servers: tuple[str, ...] = ()
    """STUN and TURN servers for calls from browsers."""
    forwarded_allow_ips: str | None = None
    """Proxies whose `X-Forwarded-` headers are trusted."""
    worker: Worker = field(default_factory=Worker)
    records: str | None = None
    """Database of call records; None for none."""
    keep_records: float | None = None
    """For how many days records are kept; None for forever."""
    webhooks: bool = False
    """Whether records are sent to the webhooks of their agents."""
    shared: str | None = None
    """Database of the state that machines share; by default ``records``, if that is PostgreSQL."""
    private_host: str | None = None
    """This machine's address for other machines; None for one that only this machine can reach."""
    dispatch: Dispatch | None = None
    """Where the admitted calls are answered; None for in this server."""
    speaks_later: bool = False
    """Whether to start without waiting for prepared speech, since somebody is waiting for the start."""
    pod_deletion_cost: bool = False
    """Whether to report the pod's number of calls to Kubernetes."""
