"""Encodes audio chunk by chunk while it is synthesized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from agentrun.distribution import install_extra
from agentrun.simulate.engines.engines import VOICE_RATE
from agentrun.simulate.openai.request_bodies import RefusedError

if TYPE_CHECKING:
    from av import Packet

_CODECS = {
    "mp3": ("mp3", "libmp3lame"),
    "wav": ("wav", "pcm_s16le"),
    "opus": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "aac": ("adts", "aac"),
}
"""Container and codec of each format that is not raw PCM, by FFmpeg's names."""


class Encoder(Protocol):
    """Turns 24 kHz, 16-bit mono PCM into a format."""

    def add(self, pcm: bytes) -> bytes:
        """What can be sent once ``pcm`` has been spoken; often nothing."""

    def end(self) -> bytes:
        """The rest."""


def encoder(name: str) -> Encoder:
    """The encoder of ``mp3``, ``wav``, ``opus``, ``flac``, ``aac`` or ``pcm``.

    A length that is not known when the header is written says so there, as in a stream of OpenAI's. Raises
    RefusedError where what encodes is not installed.
    """
    if name == "pcm":
        return _Raw()
    try:
        return _Encoded(*_CODECS[name])
    except ImportError:
        hint = install_extra("offline")
        words = f"response_format: {name!r} needs PyAV; {hint}, or ask for pcm"
        raise RefusedError(words, param="response_format") from None


class _Raw:
    def add(self, pcm: bytes) -> bytes:
        return pcm

    def end(self) -> bytes:
        return b""


class _Written:
    """What FFmpeg has written; it can't go back in it, as in a stream."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, piece: bytes) -> int:
        self._bytes += piece
        return len(piece)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class _Encoded:
    def __init__(self, container: str, codec: str) -> None:
        import av

        self._frame = av.AudioFrame
        self._written = _Written()
        self._container = av.open(self._written, "w", format=container)
        stream: Any = self._container.add_stream(codec, rate=VOICE_RATE, layout="mono")
        self._stream = stream
        self._samples = 0
        self._half = b""

    def add(self, pcm: bytes) -> bytes:
        pcm = self._half + pcm
        whole = len(pcm) // 2 * 2
        self._half = pcm[whole:]
        samples = np.frombuffer(pcm[:whole], "<i2").reshape(1, -1)
        if samples.size:
            frame = self._frame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = VOICE_RATE, self._samples
            self._samples += samples.size
            self._mux(self._stream.encode(frame))
        return self._written.take()

    def end(self) -> bytes:
        self._mux(self._stream.encode(None))
        self._container.close()
        return self._written.take()

    def _mux(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            self._container.mux(packet)
