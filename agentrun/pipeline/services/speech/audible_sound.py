"""Tells audible sound from silence, which does not count as speech."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np

from agentrun.pipeline.services.speech.sound import RATE, NoSpeechError

QUIET = 33
"""Samples (16 bits) no further from their middle are silence: -60 dBFS, which no telephone carries."""
KEPT_SECONDS = 0.2
"""Of the silence before the first word: it was waited for once already."""
PAUSE_SECONDS = 0.3
"""A longer silence within speech is held back until something follows it, and is left out at the end."""
MOST_LETTERS = 150
"""In a second: voices say 14, and 56 at OpenAI's highest speed."""


class SilenceError(NoSpeechError):
    """What could be heard was followed by silence: the voice is at its end, or has stopped within it."""


class EndlessError(NoSpeechError):
    """The voice goes on and on: what it says is not the words that it was given, or not any more."""


async def audible(pieces: AsyncIterator[bytes], longest: float) -> AsyncGenerator[bytes, None]:
    """``pieces`` of 24 kHz, 16-bit mono PCM as they come, from the first one on that can be heard.

    Raises NoSpeechError when none can be, and once there are ``longest`` seconds of silence in a row: a
    SilenceError behind what can be heard.
    """
    held, quiet, began = b"", 0, False
    async for piece in pieces:
        if not is_silent(piece):
            yield held + piece
            held, quiet, began = b"", 0, True
            continue
        quiet += len(piece)
        if quiet > _bytes(longest):
            raise (SilenceError if began else NoSpeechError)(f"{longest:g} s of silence")
        if began and quiet <= _bytes(PAUSE_SECONDS):
            yield piece
        else:
            held += piece
            held = held if began else held[-_bytes(KEPT_SECONDS) :]
    if not began:
        raise NoSpeechError(f"{quiet / 2 / RATE:.1f} s of sound, and all of it silence")


def check_length(letters: int, seconds: float) -> None:
    """Raise NoSpeechError where ``seconds`` of sound can't hold so many ``letters``.

    >>> check_length(22, 0.05)
    Traceback (most recent call last):
    ...
    agentrun.pipeline.services.speech.sound.NoSpeechError: 0.05 s of sound for 22 letters
    """
    if seconds * MOST_LETTERS < letters:
        raise NoSpeechError(f"{seconds:.2f} s of sound for {letters} letters")


def check_end(text: str, seconds: float, longest: float) -> None:
    """Raise EndlessError where there are more ``seconds`` of sound than ``text`` may take: ``longest``.

    >>> check_end("Hello.", 12.0, 11.0)
    Traceback (most recent call last):
    ...
    agentrun.pipeline.services.speech.audible_sound.EndlessError: 12 s of sound for 6 characters, and no end
    """
    if seconds > longest:
        raise EndlessError(f"{seconds:.0f} s of sound for {len(text)} characters, and no end")


def is_silent(pcm: bytes) -> bool:
    """Whether nothing of a piece of sound can be heard: not in a constant either, however far from zero.

    >>> is_silent(bytes(480)), is_silent(b"\\x00\\x10" * 240), is_silent(b"\\x00\\x10\\x00\\xf0" * 120)
    (True, True, False)
    """
    samples = np.frombuffer(pcm, dtype="<i2")
    return not len(samples) or int(samples.max()) - int(samples.min()) <= 2 * QUIET


def _bytes(seconds: float) -> int:
    return int(seconds * RATE) * 2
