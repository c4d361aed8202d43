"""PyAudio's interface over files instead of PortAudio: what the microphone hears, and what is played.

``STAND_IN_HEARS`` names raw 16-bit mono sound, heard in real time and followed by silence; what is played
is appended to ``STAND_IN_PLAYS``. ``STAND_IN_DEVICES=none`` is a machine without sound.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

paInt16 = 8  # noqa: N816
paContinue = 0  # noqa: N816
_DEVICES: list[dict[str, Any]] = [
    {"index": 0, "name": "Built-in microphone", "maxInputChannels": 1, "maxOutputChannels": 0},
    {"index": 1, "name": "USB headset", "maxInputChannels": 1, "maxOutputChannels": 2},
]


class _Stream:
    def __init__(self, rate: int, frames: int, callback: Callable[..., Any] | None) -> None:
        self._seconds, self._bytes, self._callback = frames / rate if frames else 0, frames * 2, callback
        self._going = threading.Event()
        self._rate = rate
        self._thread: threading.Thread | None = None

    def start_stream(self) -> None:
        if self._callback and self._thread is None:
            self._going.set()
            self._thread = threading.Thread(target=self._hear, daemon=True)
            self._thread.start()

    def stop_stream(self) -> None:
        self._going.clear()
        if self._thread:
            self._thread.join()

    def close(self) -> None:
        self._going.clear()

    def write(self, sound: bytes) -> None:
        with Path(os.environ["STAND_IN_PLAYS"]).open("ab") as played:
            played.write(sound)
        time.sleep(len(sound) / 2 / self._rate)

    def _hear(self) -> None:
        sound = Path(os.environ["STAND_IN_HEARS"]).read_bytes()
        at, due = 0, time.monotonic()
        while self._going.is_set():
            assert self._callback
            self._callback(sound[at : at + self._bytes].ljust(self._bytes, b"\0"), self._bytes // 2, {}, 0)
            at += self._bytes
            due += self._seconds
            time.sleep(max(0, due - time.monotonic()))


class PyAudio:
    def open(
        self, *, rate: int, frames_per_buffer: int = 0, stream_callback: Any = None, **_: Any
    ) -> _Stream:
        return _Stream(rate, frames_per_buffer, stream_callback)

    def get_format_from_width(self, width: int) -> int:
        return paInt16

    def get_device_count(self) -> int:
        return 0 if os.environ.get("STAND_IN_DEVICES") == "none" else len(_DEVICES)

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        return _DEVICES[index]

    def get_default_input_device_info(self) -> dict[str, Any]:
        if os.environ.get("STAND_IN_DEVICES") == "none":
            raise OSError("No Default Input Device Available")
        return _DEVICES[0]

    def get_default_output_device_info(self) -> dict[str, Any]:
        if os.environ.get("STAND_IN_DEVICES") == "none":
            raise OSError("No Default Output Device Available")
        return _DEVICES[1]

    def terminate(self) -> None:
        pass
