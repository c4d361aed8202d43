"""How a tool call ended, and what the model is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "refused", "failed", "timeout", "cancelled", "unconfirmed"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a tool call: ``text`` is for the model, ``detail`` only for the log and the record.

    ``refused`` is a ToolError or arguments that don't fit; ``failed`` is the tool's bug; ``unconfirmed`` has
    not run, because the caller has yet to be asked.
    """

    status: Status
    text: str
    detail: str = ""
    seconds: float = 0.0
    silent: bool = False
    """Whether the model says nothing about it for now."""
    data: Any = field(default=None, repr=False, compare=False)
    """The whole result, of which ``text`` may be a part; what `save:` reads."""
