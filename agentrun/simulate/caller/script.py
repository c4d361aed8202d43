"""The script of a caller."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentrun.simulate.caller.phone_call import ANSWER_SILENCE_SECONDS, TIMEOUT_SECONDS
from agentrun.simulate.caller.sound import speech as sounds
from agentrun.simulate.caller.sound.speech import Speech


@dataclass(frozen=True)
class Utterance:
    """Something to say: from the file ``wav``, or the words ``text`` that a voice has spoken."""

    speech: Speech
    wav: str = ""
    text: str = ""

    @classmethod
    def from_file(cls, path: Path) -> Utterance:
        """What is said in a sound file; raises AgentRunError when it can't be read."""
        return cls(sounds.from_file(path), wav=str(path))

    @property
    def name(self) -> str:
        """How to speak of it."""
        return Path(self.wav).name if self.wav else f"“{self.text}”"


@dataclass(frozen=True)
class Script:
    """The utterances in order, each after the answer to the one before; ``barge_in`` cuts the last answer.

    Without utterances ``barge_in`` cuts the greeting. ``greeting`` is false when the caller speaks first.
    ``hang_up_after`` ends the call so many seconds after its start, whatever happens, and not before.
    ``timeout`` is how long the agent may take to begin an answer, ``silence`` how long it must be silent for
    the answer to be over; both in seconds.
    """

    utterances: tuple[Utterance, ...] = ()
    barge_in: Utterance | None = None
    greeting: bool = True
    hang_up_after: float | None = None
    timeout: float = TIMEOUT_SECONDS
    silence: float = ANSWER_SILENCE_SECONDS
