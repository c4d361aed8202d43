"""Who may do what on which route: what the tests assert, and what the documentation shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "security.md"
BEGIN, END = "<!-- begin: routes -->", "<!-- end: routes -->"
SETUPS = ("alone", "reached", "public")
"""On loopback and reached by nobody; on loopback behind a proxy or with a key; on a public host."""
ASKERS = ("stranger", "machine", "user", "key")
"""Anybody; a program on this machine; this user's, which knows the token; who has ``AGENTRUN_API_KEY``."""


@dataclass(frozen=True)
class Row:
    """One route. ``open_to`` has who is let in, by set-up; a route that is not there is open to nobody.

    ``proof`` is what Twilio, Daily or a start token shows instead.
    """

    method: str
    path: str
    alone: frozenset[str]
    reached: frozenset[str]
    public: frozenset[str]
    proof: str = ""

    def at(self, **parts: str) -> str:
        """The path with its ``parts`` filled in."""
        return self.path.replace(":path", "").format(**parts)

    def open_to(self, setup: str) -> frozenset[str]:
        """Who is let in."""
        found: frozenset[str] = getattr(self, setup)
        return found


_ALL, _NOBODY, _USER, _KEY = frozenset(ASKERS), frozenset[str](), frozenset({"user"}), frozenset({"key"})
_HERE = frozenset({"machine", "user", "key"})
"""On loopback without any sign of others, everybody who asks from this machine."""


_STREAM = "the one-time token of the call"
_ACTION = "Twilio's signature, and the call's token"
_SESSION = "the session's name, which `/start` gave"


def _local(method: str, path: str) -> Row:
    return Row(method, path, _HERE, _USER, _NOBODY)


ROWS = (
    Row("POST", "/{agent}/twilio/voice", _NOBODY, _NOBODY, _NOBODY, "Twilio's signature"),
    Row("POST", "/{agent}/twilio/status", _NOBODY, _NOBODY, _NOBODY, "Twilio's signature"),
    Row("POST", "/{agent}/twilio/resume", _NOBODY, _NOBODY, _NOBODY, _ACTION),
    Row("POST", "/{agent}/twilio/transferred", _NOBODY, _NOBODY, _NOBODY, "Twilio's signature"),
    Row("WS", "/{agent}/twilio/stream", _NOBODY, _NOBODY, _NOBODY, _STREAM),
    Row("WS", "/{agent}/twilio/stream/{expected}", _NOBODY, _NOBODY, _NOBODY, _STREAM),
    Row("POST", "/{agent}/twilio/dial", _HERE, _KEY, _KEY),
    Row("POST", "/{agent}/browser/offer", _HERE, _USER | _KEY, _KEY, "a start token"),
    Row("PATCH", "/{agent}/browser/offer", _HERE, _USER | _KEY, _KEY, "a start token"),
    Row("POST", "/start", _HERE, _USER | _KEY, _KEY, "a start token"),
    Row("POST", "/api/offer", _HERE, _USER | _KEY, _KEY, "a start token"),
    Row("PATCH", "/api/offer", _HERE, _USER | _KEY, _KEY, "a start token"),
    Row("POST", "/sessions/{session}/api/offer", _NOBODY, _NOBODY, _NOBODY, _SESSION),
    Row("PATCH", "/sessions/{session}/api/offer", _NOBODY, _NOBODY, _NOBODY, _SESSION),
    Row("WS", "/sessions/{session}/ws", _NOBODY, _NOBODY, _NOBODY, _SESSION),
    _local("GET", "/"),
    _local("GET", "/console/{name}"),
    *(Row(verb, "/console/specs/{agent}", _USER, _USER, _NOBODY) for verb in ("GET", "POST", "PUT")),
    _local("POST", "/console/styles/{agent}"),
    _local("GET", "/agents"),
    _local("GET", "/{agent}/calls/{call_id}"),
    _local("WS", "/{agent}/eval"),
    _local("GET", "/dashboard"),
    _local("GET", "/dashboard/live"),
    _local("GET", "/dashboard/charts"),
    _local("GET", "/dashboard/versions"),
    _local("GET", "/dashboard/compare"),
    _local("GET", "/dashboard/calls/{agent}/{call_id}"),
    _local("GET", "/dashboard/calls/{agent}/{call_id}/audio"),
    _local("GET", "/dashboard/calls/{agent}/{call_id}/waveform"),
    _local("GET", "/dashboard/calls/{agent}/{call_id}/listen"),
    _local("GET", "/dashboard/static/{state}/{name}"),
    _local("GET", "/dashboard/"),
    _local("GET", "/dashboard/{name:path}"),
    Row("GET", "/metrics", _HERE, _KEY, _KEY),
    Row("GET", "/health", _ALL, _ALL, _ALL),
    Row("GET", "/ready", _ALL, _ALL, _ALL),
)
_WORDS = {"machine": "this machine", "user": "this user's token", "key": "the server's key"}


def _who(row: Row, setup: str) -> str:
    found = row.open_to(setup)
    if found == _ALL:
        return "anybody"
    if found == _HERE:
        return "this machine"
    words = [_WORDS[asker] for asker in ASKERS if asker in found]
    here = setup != "public" or row.path.split("/")[-1] in (
        "voice",
        "status",
        "resume",
        "transferred",
        "stream",
        "{expected}",
        "offer",
        "ws",
        "start",
    )
    return ", ".join([*words, *([row.proof] if row.proof and here else [])]) or "nobody"


def table() -> str:
    """The rows as the documentation shows them."""
    lines = [
        "| route | on loopback | on loopback, once others can reach it | on a public host |",
        "|---|---|---|---|",
    ]
    for row in ROWS:
        path = row.path.replace("{", "<").replace("}", ">")
        cells = " | ".join(_who(row, setup) for setup in SETUPS)
        lines.append(f"| `{row.method} {path}` | {cells} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with today's table in it."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
