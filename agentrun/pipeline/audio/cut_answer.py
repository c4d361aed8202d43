"""An answer that was interrupted before it was heard to its end."""

from __future__ import annotations

from dataclasses import dataclass

from agentrun.records import CutBy


@dataclass(frozen=True)
class CutAnswer:
    """The ``words`` that were heard of an answer, which ``began`` at that time of the event loop's.

    ``remembered`` are those of them that the model is to know of.
    ``by`` says what cut it, and is empty where all of it had been heard. Of words that a speech service has
    ``timed`` Pipecat knows better how many were heard, but for the sentences that were ``silent``.
    """

    words: str
    began: float
    by: CutBy
    remembered: str
    timed: bool = False
    silent: tuple[str, ...] = ()
