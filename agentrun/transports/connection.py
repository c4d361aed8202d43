"""A connection: one caller on one line, ready for a pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.transports.base_transport import BaseTransport

from agentrun.call import Call


@dataclass(frozen=True)
class Connection:
    """What a transport hands to a session.

    ``transport`` is Pipecat's, not started yet; ``sample_rate_in`` and ``sample_rate_out`` are in Hz;
    ``rtvi`` is true where the far end is a page that reads RTVI messages. ``written`` means that there is no
    sound, and an answer takes as long as ``pace`` words a second do, or no time. ``lost`` names the events of
    the transport that mean that the line is gone, each with a reason.
    """

    call: Call
    transport: BaseTransport
    sample_rate_in: int = 16_000
    sample_rate_out: int = 24_000
    rtvi: bool = False
    written: bool = False
    pace: float | None = None
    lost: tuple[str, ...] = ()
