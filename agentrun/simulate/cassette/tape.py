"""The contents of a cassette: requests with their answers, and the events of sockets.

Sound stands beside the cassette in files of its own, named by what is in it. Keys are never on a tape:
of a request's headers none is kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

VERSION = 1
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
"""Times in ISO 8601: tools give them, and no two runs have the same."""


@dataclass
class Exchange:
    """One request over HTTP: ``asked`` is its JSON body, or None where it was sound.

    ``answered`` is text; an answer that is sound is named in ``sound`` instead.
    """

    path: str
    asked: Any
    status: int
    content_type: str
    answered: str = ""
    sound: str = ""


@dataclass
class Event:
    """One message of a socket; ``by`` says whose."""

    by: Literal["client", "server"]
    body: Any


@dataclass
class Conversation:
    """One socket from its opening to its end."""

    path: str
    events: list[Event] = field(default_factory=list)


@dataclass
class Tape:
    """Everything of one test, in its order."""

    exchanges: list[Exchange] = field(default_factory=list)
    sockets: list[Conversation] = field(default_factory=list)
    sounds: dict[str, bytes] = field(default_factory=dict)

    def keep_sound(self, sound: bytes) -> str:
        """The name under which ``sound`` is kept."""
        name = hashlib.sha256(sound).hexdigest()[:16] + ".pcm"
        self.sounds[name] = sound
        return name

    def write(self, path: Path) -> None:
        """Write the tape to ``path``, and its sounds beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, sound in self.sounds.items():
            (path.parent / name).write_bytes(sound)
        data = {
            "version": VERSION,
            "exchanges": [asdict(exchange) for exchange in self.exchanges],
            "sockets": [asdict(conversation) for conversation in self.sockets],
        }
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Tape:
        """The tape at ``path``; raises ValueError, KeyError or TypeError when it is none, or OSError."""
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']} is not {VERSION}")
        exchanges = [Exchange(**exchange) for exchange in data["exchanges"]]
        sockets = [
            Conversation(one["path"], [Event(**event) for event in one["events"]]) for one in data["sockets"]
        ]
        names = {exchange.sound for exchange in exchanges if exchange.sound}
        return cls(exchanges, sockets, {name: (path.parent / name).read_bytes() for name in names})


def path_of(spec: Path, style: str, test: str) -> Path:
    """Where the cassette of a test stands.

    >>> path_of(Path("agents/ncaa.yaml"), "cascaded", "mens-scores")
    PosixPath('agents/cassettes/ncaa/cascaded/mens-scores.json')
    """
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in test)
    return spec.parent / "cassettes" / spec.stem / style / f"{safe}.json"


def plain(body: Any) -> Any:
    """``body`` without what differs from run to run: made-up ids, audio, times.

    What the agent said comes from the tape itself, and is cut elsewhere each time that it is interrupted.
    """
    if isinstance(body, dict):
        if body.get("role") == "assistant" and body.get("content"):
            body = {**body, "content": "what was said"}
        fields = {
            key: value for key, value in body.items() if key not in ("event_id", "id", "previous_item_id")
        }
        return {key: plain(value) for key, value in fields.items()}
    if isinstance(body, list):
        return [plain(one) for one in body]
    if isinstance(body, str) and len(body) > 2_000 and _is_base64(body):
        return "sound"
    return _TIME.sub("a time", body) if isinstance(body, str) else body


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
