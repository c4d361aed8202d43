"""One exchange of speaking and listening: positions, audio and waiting times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from agentrun.transports.mulaw import Samples


class SpokenUtterance(NamedTuple):
    """When the caller's sound, and the speech in it, begin and end: seconds since the start."""

    start: float
    speech_start: float
    speech_end: float
    end: float


class Heard(NamedTuple):
    """What the agent said: 16-bit samples at 8 kHz, and when it began and ended, in seconds since the start.

    ``first_sound_ms`` is the wait for it: from the end of the caller's speech, or from the beginning of the
    call, to the first sound.
    """

    pcm: Samples
    started_at: float
    ended_at: float
    first_sound_ms: float

    @property
    def seconds(self) -> float:
        """How long the agent spoke."""
        return self.ended_at - self.started_at


@dataclass(frozen=True)
class BargeIn:
    """An interruption: what was heard of the answer, what the caller said, and how the agent took it.

    ``silenced_ms`` counts from the beginning of the caller's speech to the agent's last sound, and is None
    when the agent spoke on; ``cleared_ms`` likewise to its ``clear``. ``speaking`` tells whether there was
    anything to interrupt.
    """

    heard: Heard
    said: SpokenUtterance
    speaking: bool
    silenced_ms: float | None
    cleared_ms: float | None
