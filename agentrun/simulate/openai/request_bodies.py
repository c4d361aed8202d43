"""Bodies of requests, read with care."""

from __future__ import annotations

import base64
import binascii
import io
import json
from typing import Any

import soundfile
from fastapi import Request

DECODED_RATE = 24_000
"""Hz of what FFmpeg has decoded."""


class RefusedError(Exception):
    """A request that makes no sense; it is answered with 400 and ``message``."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object in a request. Raises RefusedError when there is none."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise RefusedError("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise RefusedError("The body must be a JSON object.")
    return body


def read_sound(file: bytes) -> tuple[bytes, int]:
    """The first channel of a sound file as 16-bit PCM, and its rate in Hz. Raises RefusedError."""
    try:
        samples, rate = soundfile.read(io.BytesIO(file), dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, ValueError):  # ValueError: a stream's header tells no length
        return _decoded(file)
    return samples[:, 0].tobytes(), rate


def _decoded(file: bytes) -> tuple[bytes, int]:
    """The same of what only FFmpeg reads, such as AAC, MP4 and WebM. Raises RefusedError."""
    unreadable = RefusedError("The file is not audio that can be read.")
    try:
        import av
    except ImportError:
        raise unreadable from None
    try:
        with av.open(io.BytesIO(file), "r") as container:
            resampler = av.AudioResampler("s16", "mono", DECODED_RATE)
            frames = [one for each in container.decode(audio=0) for one in resampler.resample(each)]
            frames += resampler.resample(None)
    except (IndexError, av.FFmpegError):
        raise unreadable from None
    return b"".join(frame.to_ndarray().tobytes() for frame in frames), DECODED_RATE


def read_part(part: dict[str, Any]) -> tuple[bytes, int]:
    """The sound of an ``input_audio`` part of a message. Raises RefusedError."""
    try:
        file = base64.b64decode(part["input_audio"]["data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise RefusedError("The part is not base64-encoded audio.") from None
    return read_sound(file)
