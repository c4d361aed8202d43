"""Who is speaking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class WhoIsSpeaking:
    """Which side is speaking."""

    agent: bool = False
    caller: bool = False

    def is_free(self) -> bool:
        """Whether nobody is speaking."""
        return not (self.agent or self.caller)
