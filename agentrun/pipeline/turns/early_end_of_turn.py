"""Announces every pause of the caller, which may be the end of their turn, so that others can prepare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.06
"""Two windows of Silero's 32 ms: most of the work of a turn's end is done by when 200 ms of silence are."""
Watcher = Callable[[], None]


@dataclass
class EarlyEndOfTurn:
    """Told by the voice detector how long the caller has been silent; tells others in time to prepare.

    >>> pauses = EarlyEndOfTurn()
    >>> pauses.watch(lambda: print("a pause"), lambda: print("goes on"))
    >>> for silence in (0.032, 0.096, 0.128, 0.0):
    ...     pauses.silent_for(silence)
    a pause
    goes on
    """

    _watchers: list[tuple[Watcher, Watcher]] = field(default_factory=list)
    _paused: bool = False

    def watch(self, begun: Watcher, withdrawn: Watcher) -> None:
        """Call ``begun`` at every pause, and ``withdrawn`` when the caller goes on before the end."""
        self._watchers.append((begun, withdrawn))

    def silent_for(self, seconds: float) -> None:
        """The caller, who has spoken, has been silent for ``seconds``; 0 while they speak."""
        if not self._paused and seconds >= PAUSE_SECONDS:
            self._paused = True
            for callback, _ in self._watchers:
                callback()
        elif self._paused and not seconds:
            self._paused = False
            for _, withdrawn in self._watchers:
                withdrawn()

    def ended(self) -> None:
        """The silence was the end of speech."""
        self._paused = False
