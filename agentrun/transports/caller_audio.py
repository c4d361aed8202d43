"""A telephone caller's audio as the line delivers it, without pipeline frames."""

from __future__ import annotations

from collections.abc import Callable

from loguru import logger

WINDOW_BYTES = 256
"""32 ms: what Silero judges of a telephone's sound at a time."""
Listener = Callable[[bytes], None]
"""Given 20 ms of mu-law at 8 kHz; it returns at once, for the next message waits for it."""
Intake = Callable[[bytes], bool]
"""Given a frame of mu-law, or nothing; returns whether the pipeline takes frames now, and so this one."""


class CallerAudio:
    """Hands each piece of the caller's sound to all who listen, in the order in which they came.

    A frame in a pipeline costs some forty times as much as a call of a function. ``in_frames`` says whether
    the pipeline is sent the sound as well; whoever takes it here in the pipeline's place clears it. A frame
    goes in when ``WINDOW_BYTES`` more have come, and no sooner is anything done with it: it has 20 or 40 ms.
    It is handed in at once where somebody takes it, and goes the way of every other message otherwise.

    >>> audio, heard = CallerAudio(), []
    >>> audio.listen(heard.append)
    >>> audio.take(b"sound")
    >>> heard
    [b'sound']
    """

    def __init__(self) -> None:
        self.in_frames = True
        self._intake: Intake | None = None
        self._listeners: list[Listener] = []
        self._gathered = bytearray()
        self._missing = WINDOW_BYTES

    def listen(self, listener: Listener) -> None:
        """Have ``listener`` given each piece from now on."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Have ``listener`` given no more; one that does not listen is no error."""
        self._listeners = [one for one in self._listeners if one != listener]

    def hand_to(self, intake: Intake) -> None:
        """Have ``intake`` given each frame for the pipeline."""
        self._intake = intake

    def hand_in(self, frame: bytes = b"") -> bool:
        """Whether the pipeline takes ``frame`` at once, or would take one."""
        return self._intake is not None and self._intake(frame)

    def take(self, sound: bytes) -> None:
        """The line brings ``sound``. A listener that fails costs neither the line nor the others anything."""
        for listener in self._listeners:
            try:
                listener(sound)
            except Exception as error:  # noqa: BLE001 - whatever a recording or a person who listens runs into
                self.forget(listener)
                logger.opt(exception=error).error("what listened to a caller failed, and hears no more")

    def fills(self, size: int) -> bool:
        """Whether ``size`` bytes more make a frame for the pipeline."""
        return size >= self._missing

    def gather(self, sound: bytes) -> bytes:
        """What goes into the pipeline now: nothing, or ``sound`` with what came before it.

        >>> audio = CallerAudio()
        >>> [len(audio.gather(bytes(160))) for _ in range(8)]
        [0, 320, 0, 320, 160, 0, 320, 160]
        """
        fills = self.fills(len(sound))
        self._gathered += sound
        self._missing -= len(sound)
        if not fills:
            return b""
        self._missing = WINDOW_BYTES - -self._missing % WINDOW_BYTES
        frame, self._gathered = bytes(self._gathered), bytearray()
        return frame
