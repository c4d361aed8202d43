"""Prepared audio as frames for a transport, independent of any service."""

from __future__ import annotations

from collections.abc import Iterator

from pipecat.frames.frames import Frame, TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame

PREPARED_RATE = 24_000
"""Hz of prepared audio: 16-bit mono PCM."""
_CHUNK_BYTES = PREPARED_RATE * 2 // 10


def frames(pcm: bytes) -> Iterator[Frame]:
    """Prepared audio as frames for a transport's output."""
    yield TTSStartedFrame()
    for start in range(0, len(pcm), _CHUNK_BYTES):
        yield TTSAudioRawFrame(pcm[start : start + _CHUNK_BYTES], PREPARED_RATE, 1)
    yield TTSStoppedFrame()


def seconds(pcm: bytes) -> float:
    """The length of prepared audio, in seconds."""
    return len(pcm) / 2 / PREPARED_RATE
