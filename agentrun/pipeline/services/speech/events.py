"""Speech as a stream of events, which OpenAI's endpoint sends with ``stream_format: sse``.

See https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event. It is not asked for; a
server may know nothing else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator

from agentrun.http.bounded_answers import MOST_EVENT_BYTES
from agentrun.pipeline.services import provider_words
from agentrun.pipeline.services.speech.sound import NoSpeechError

_SOUND, _END = "speech.audio.delta", "speech.audio.done"


def are_in(content_type: str) -> bool:
    """Whether what is sent so comes in events.

    >>> are_in("text/event-stream; charset=utf-8"), are_in("audio/pcm")
    (True, False)
    """
    return content_type.lower().startswith("text/event-stream")


async def sound(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The sound in the events of ``pieces``, as it comes; raises NoSpeechError for one that says why not."""
    line, odd = bytearray(), b""
    async for piece in pieces:
        line += piece
        *lines, rest = line.split(b"\n")
        line = bytearray(rest)
        if len(line) > MOST_EVENT_BYTES:
            raise NoSpeechError(f"an event of more than {MOST_EVENT_BYTES} bytes")
        for each in lines:
            pcm = odd + _sound_of(bytes(each))
            even = len(pcm) & ~1
            odd = pcm[even:]
            if even:
                yield pcm[:even]
    # the last event may have no line's end behind it
    last = odd + _sound_of(bytes(line))
    if even := len(last) & ~1:
        yield last[:even]


def _sound_of(line: bytes) -> bytes:
    try:
        event = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else None
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or event.get("type") == _END:
        return b""
    if event.get("type") == _SOUND:
        try:
            return base64.b64decode(event["audio"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise NoSpeechError("an event of speech whose sound can't be read") from None
    if words := provider_words.found(event):
        raise NoSpeechError(f"an event without sound: {words[: provider_words.LONGEST]}")
    return b""
