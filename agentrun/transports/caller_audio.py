"""A telephone caller's sound as the line brings it, beside the pipeline's frames."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[bytes], None]
"""Given 20 ms of mu-law at 8 kHz; it returns at once, for the next message waits for it."""


class CallerAudio:
    """Hands each piece of the caller's sound to all who listen, in the order in which they came.

    A frame in a pipeline costs some forty times as much as a call of a function. ``in_frames`` says whether
    the pipeline is sent the sound as well; whoever takes it here in the pipeline's place clears it.

    >>> audio, heard = CallerAudio(), []
    >>> audio.listen(heard.append)
    >>> audio.take(b"sound")
    >>> heard
    [b'sound']
    """

    def __init__(self) -> None:
        self.in_frames = True
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have ``listener`` given each piece from now on."""
        self._listeners.append(listener)

    def take(self, sound: bytes) -> None:
        """The line brings ``sound``."""
        for listener in self._listeners:
            listener(sound)
