"""A stereo file that grows during a call and stays playable even if the process is killed."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from agentrun.spec.models.record import SoundFormat

PRIVATE = 0o600
"""Only this user may read what a caller has said."""
_MOST_WAV_BYTES = 2**32 - 2**10
"""Its header counts in 32 bits."""


class _Writer(Protocol):
    def write(self, sound: np.ndarray) -> None:
        """Write frames of two samples, and have them on the disk's side of the process."""

    def close(self) -> None: ...


class _Wav:
    """The header is mended after every piece: ``wave`` writes the length anew each time."""

    def __init__(self, path: Path, rate: int) -> None:
        self._file = path.open("r+b")
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 - closed in close
        self._wave.setnchannels(2)
        self._wave.setsampwidth(2)
        self._wave.setframerate(rate)

    def write(self, sound: np.ndarray) -> None:
        if self._file.tell() + sound.nbytes > _MOST_WAV_BYTES:
            raise OSError("a WAV file holds no more than 4 GiB; write format: opus")
        self._wave.writeframes(sound.tobytes())
        self._file.flush()

    def close(self) -> None:
        try:
            self._wave.close()
        finally:
            self._file.close()


class _Opus:
    """Opus in Ogg, whose pages stand for themselves."""

    def __init__(self, path: Path, rate: int) -> None:
        self._file = soundfile.SoundFile(
            str(path), "w", samplerate=rate, channels=2, format="OGG", subtype="OPUS"
        )

    def write(self, sound: np.ndarray) -> None:
        self._file.write(sound)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class SoundFile:
    """Writes both sides of a call, the caller left and the agent right; every method blocks.

    ``rate`` is in Hz. Raises OSError, also for what soundfile can't write.
    """

    def __init__(self, path: Path, kind: SoundFormat, rate: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        self.path = path
        self._waiting = (b"", b"")
        try:
            self._writer: _Writer = _Wav(path, rate) if kind == "wav" else _Opus(path, rate)
        except soundfile.SoundFileError as error:
            raise OSError(f"{path}: {error}") from None

    def write(self, left: bytes, right: bytes) -> None:
        """Append what both sides have in common; the rest waits for the other side."""
        left, right = self._waiting[0] + left, self._waiting[1] + right
        both = min(len(left), len(right))
        self._waiting = left[both:], right[both:]
        stereo = np.stack([np.frombuffer(side[:both], np.int16) for side in (left, right)], axis=1)
        try:
            self._writer.write(np.ascontiguousarray(stereo))
        except soundfile.SoundFileError as error:
            raise OSError(f"{self.path}: {error}") from None

    def close(self) -> None:
        """Write what waits, with silence on the side that has none, and let go of the file."""
        left, right = (len(side) for side in self._waiting)
        try:
            self.write(bytes(max(0, right - left)), bytes(max(0, left - right)))
        finally:
            try:
                self._writer.close()
            except soundfile.SoundFileError as error:
                raise OSError(f"{self.path}: {error}") from None
