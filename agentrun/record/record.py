"""What happened on one call: who said what, which tools ran, how it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

EndedBy = Literal["caller", "agent", "error", "server", "network"]


@dataclass
class Entry:
    """One line of the transcript; ``at`` is when it began, in seconds from the start of the call.

    ``who`` is ``caller``, ``agent`` or ``tool``. A tool's entry carries its ``name``, ``arguments``,
    ``status`` and ``seconds``; ``interrupted`` marks an answer that the caller cut.
    """

    at: float
    who: Literal["caller", "agent", "tool"]
    text: str
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    seconds: float = 0.0
    interrupted: bool = False


@dataclass
class Takeover:
    """At ``at`` seconds ``service`` took over a ``part`` (``stt``, ``llm`` or ``tts``).

    ``error`` says what was wrong with the service before it, ``instead_of``; it is empty when an earlier
    service was gone back to.
    """

    at: float
    part: str
    service: str
    instead_of: str
    error: str = ""


@dataclass
class CallRecord:
    """One record for every call, whatever ended it.

    A call that the agent placed is ``outbound``; its ``outcome`` is ``answered``, ``machine``, ``busy``,
    ``no-answer``, ``failed`` or ``canceled``, and ``answered_by`` is Twilio's word for who picked up.
    ``recording`` is the path or the address of the call's sound, ``spec`` what the call was run with
    (``record.snapshot``).
    """

    id: str
    agent: str
    transport: str
    from_number: str | None = None
    to_number: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    ended_by: EndedBy | None = None
    reason: str = ""
    transcript: list[Entry] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    direction: Literal["inbound", "outbound"] = "inbound"
    outcome: str = ""
    answered_by: str = ""
    takeovers: list[Takeover] = field(default_factory=list)
    recording: str = ""
    spec: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, times in ISO 8601 and UTC."""
        data = asdict(self)
        data["started"] = self.started.isoformat()
        data["ended"] = self.ended.isoformat() if self.ended else None
        return data
