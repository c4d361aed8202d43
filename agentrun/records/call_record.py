"""What happened on one call: who said what, which tools ran, how it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from agentrun.records.finite_numbers import finite
from agentrun.records.redaction.redaction import Redaction

EndedBy = Literal["caller", "agent", "error", "server", "network"]


@dataclass
class Entry:
    """One line of the transcript; ``at`` is when it began, in seconds from the start of the call.

    ``who`` is ``caller``, ``agent`` or ``tool``. A tool's entry carries its ``name``, ``arguments``,
    ``status`` and ``seconds``; ``interrupted`` marks an answer that the caller cut. Of an answer the ``text``
    is what was said, and ``written`` what the model wrote where that differs.
    """

    at: float
    who: Literal["caller", "agent", "tool"]
    text: str
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    written: str = ""


@dataclass
class Dropped:
    """A text that is no part of the conversation, at ``at`` seconds, and ``why`` it was dropped.

    The ``caller``'s is a transcript of what was no speech; the ``agent``'s is an answer, as the model wrote
    it, of which not all could be said.
    """

    at: float
    who: Literal["caller", "agent"]
    text: str
    why: str


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
class Turn:
    """An answer: the caller's last word ended ``at`` seconds, and its first sound came ``total_ms`` later.

    ``stages`` are its parts in ms: ``endpointing``, ``stt``, ``llm`` (until there was something to speak),
    ``tool``, ``tts`` and ``transport`` of a cascade; ``endpointing``, ``model``, ``tool`` and ``transport``
    of a realtime model. Those that took no time are left out.
    """

    at: float
    total_ms: float
    stages: dict[str, float]


@dataclass
class CallRecord:
    """One record for every call, whatever ended it.

    The record itself holds the truth: the agent works with it. Whatever is written or sent is ``as_json``.
    A call that the agent placed is ``outbound``; its ``outcome`` is ``answered``, ``machine``, ``busy``,
    ``no-answer``, ``failed`` or ``canceled``, and ``answered_by`` is Twilio's word for who picked up.

    ``first_audio_ms`` counts from the beginning of the call to the agent's first sound.
    ``usage`` is what each service was used for, by ``kind provider/model``; ``cost`` is what that may have
    cost. ``spec_hash`` tells the spec and its files from another state of them, ``versions`` the software.
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
    first_audio_ms: float | None = None
    turns: list[Turn] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    usage: dict[str, dict[str, float]] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    spec_hash: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    redaction: Redaction = field(default_factory=Redaction, repr=False, compare=False)
    recording: str = ""
    spec: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, times in ISO 8601 and UTC, and with nothing in it that ``redaction`` hides."""
        data = self._redacted(asdict(self))
        del data["redaction"]
        data["started"] = self.started.isoformat()
        data["ended"] = self.ended.isoformat() if self.ended else None
        return data

    def _redacted(self, data: dict[str, Any]) -> dict[str, Any]:
        hide = self.redaction
        for key in ("from_number", "to_number"):
            data[key] = hide.number(data[key])
        for key in ("reason", "errors", "takeovers"):
            data[key] = hide.value(data[key])
        for entry in (*data["transcript"], *data["dropped"]):
            for key in ("written", "text"):
                if entry.get(key) and (key == "written" or "why" in entry):
                    entry[key] = hide.text(entry[key])
        for who in ("caller", "agent"):
            entries = [entry for entry in data["transcript"] if entry["who"] == who]
            for entry, text in zip(entries, hide.texts([e["text"] for e in entries]), strict=True):
                entry["text"] = text
        for entry in data["transcript"]:
            if entry["who"] == "tool":
                entry["text"] = hide.text(entry["text"])
                entry["arguments"] = hide.value(finite(entry["arguments"]))
        return data
