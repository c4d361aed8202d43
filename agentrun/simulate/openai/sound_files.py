"""Decodes clients' audio files, within limits and without opening other files or sockets."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from typing import Any

import soundfile

from agentrun.simulate.openai.request_bodies import RefusedError

DECODED_RATE = 24_000
"""Hz of what FFmpeg has decoded."""
MOST_FILE_BYTES = 26_214_400
"""OpenAI's own bound; https://platform.openai.com/docs/guides/speech-to-text"""
MOST_SECONDS = 1_500
"""What OpenAI's ``gpt-4o-transcribe`` takes: it answers 400 to more. Its ``whisper-1`` has no such bound."""
MOST_SAMPLES = MOST_SECONDS * 96_000
"""What is decoded at most: 100 minutes at 24 kHz, for a small file may hold days of silence."""
_UNKNOWN = 2**63 - 1
"""libsndfile's length of a file whose header tells none."""
_RATES = (1_000, 192_000)
_FFMPEG = {
    "format_whitelist": "aac,asf,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,flac,wav,amr"
}
"""Files of sound alone: others, such as playlists and SDP, name what FFmpeg would open or listen to."""


def read_sound(file: bytes, most_seconds: float = MOST_SECONDS) -> tuple[bytes, int]:
    """The first channel of a sound file as 16-bit PCM, and its rate in Hz.

    Raises RefusedError where it is none, lasts longer than ``most_seconds``, or has more samples than are
    decoded here.
    """
    if len(file) > MOST_FILE_BYTES:
        words = f"Maximum content size limit ({MOST_FILE_BYTES}) exceeded ({len(file)} bytes read)"
        raise RefusedError(words, 413)
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as sound:
            if sound.frames == _UNKNOWN:
                raise ValueError("a stream's header tells no length")
            _require_length(sound.frames, sound.samplerate, most_seconds)
            samples = sound.read(dtype="int16", always_2d=True)[:, 0]
            return samples.tobytes(), sound.samplerate
    except (soundfile.LibsndfileError, ValueError):
        return b"".join(_decoded(file, most_seconds)), DECODED_RATE


def _require_length(samples: int, rate: int, most_seconds: float) -> None:
    if not _RATES[0] <= rate <= _RATES[1]:
        raise RefusedError(f"The file has {rate} samples a second; {_RATES[0]} to {_RATES[1]} can be heard.")
    if samples > most_seconds * rate:
        words = f"audio duration {samples / rate:g} seconds is longer than {most_seconds:g} seconds"
        raise RefusedError(f"{words} which is the maximum for this model")
    if samples > MOST_SAMPLES:
        raise RefusedError(f"The file has {samples} samples; at most {MOST_SAMPLES} are decoded here.")


def _decoded(file: bytes, most_seconds: float) -> Iterator[bytes]:
    """The same of what only FFmpeg reads, such as AAC, MP4 and WebM, piece by piece. Raises RefusedError."""
    unreadable = RefusedError("The file is not audio that can be read.")
    try:
        import av
    except ImportError:
        raise unreadable from None
    length = 0
    try:
        with av.open(io.BytesIO(file), "r", options=_FFMPEG) as container:
            resampler = av.AudioResampler("s16", "mono", DECODED_RATE)
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    length += piece.samples
                    _require_length(length, DECODED_RATE, most_seconds)
                    yield piece.to_ndarray().tobytes()
            yield from (piece.to_ndarray().tobytes() for piece in resampler.resample(None))
    except (IndexError, av.FFmpegError):
        raise unreadable from None


def read_part(part: dict[str, Any]) -> tuple[bytes, int]:
    """The sound of an ``input_audio`` part of a message. Raises RefusedError."""
    try:
        file = base64.b64decode(part["input_audio"]["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise RefusedError("The part is not base64-encoded audio.") from None
    return read_sound(file)
