"""What a tool may know of the call that it works for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call: who is speaking with which agent, over what.

    A tool that wants it has a parameter typed ``Call``; the host fills it and the model never sees it.
    ``id`` is Twilio's call SID or Daily's call id on the telephone and a random id elsewhere.
    ``from_number`` and ``to_number`` are E.164 numbers, or None where there is no telephone.
    ``parameters`` are the custom parameters of the media stream, the SIP headers of a call over Daily, or
    the body of a start. ``environ`` is the environment that the command line read at start.
    ``offline`` is true under ``--offline``: answer from local data rather than from the network.
    ``state`` belongs to the tools: whatever they put there lasts until the call ends.

    >>> Call(id="CA1", agent="ncaa", transport="twilio", from_number="+15551234567").caller
    '+15551234567'
    """

    id: str
    agent: str
    transport: str
    from_number: str | None = None
    to_number: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    offline: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> str:
        """The caller's number, or ``anonymous``."""
        return self.from_number or "anonymous"
