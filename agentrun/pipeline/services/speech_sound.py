"""Whether what a speech service sends is speech."""

from __future__ import annotations

import struct

RATE = 24_000
"""Hz of 16-bit mono PCM; OpenAI's speech endpoint has no other rate."""
_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_OTHER_SOUND = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC"}
_TEXT_BYTES = 64
_SHOWN = 60
_HEADER_BYTES = 4096


class NoSpeechError(Exception):
    """A service answered, and not with speech; the message says with what."""


def checked(first: bytes, content_type: str = "") -> bytes:
    """The first bytes of an answer as headerless PCM: 24 kHz, 16-bit, mono.

    A WAV header is taken off. Raises NoSpeechError for text, for another rate, and for compressed sound.

    >>> checked(b"{}", "application/json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    agentrun.pipeline.services.speech_sound.NoSpeechError: text instead of sound (application/json): ...
    """
    if content_type.lower().startswith(_TEXTS) or _is_text(first):
        shown = first[:_SHOWN].decode("utf-8", "replace")
        raise NoSpeechError(f"text instead of sound ({content_type or 'no content type'}): {shown}")
    for magic, name in _OTHER_SOUND.items():
        if first.startswith(magic):
            raise NoSpeechError(f"{name} instead of PCM")
    return _without_header(first) if first.startswith(b"RIFF") and first[8:12] == b"WAVE" else first


def _is_text(data: bytes) -> bool:
    """Sound of 32 samples that are all letters and spaces is nothing that anybody has heard."""
    head = data[:_TEXT_BYTES]
    return len(head) >= _TEXT_BYTES // 4 and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)


def _without_header(wav: bytes) -> bytes:
    place = 12
    while place + 8 <= min(len(wav), _HEADER_BYTES):
        kind, size = struct.unpack_from("<4sI", wav, place)
        place += 8
        if kind == b"data":
            return wav[place:]
        if kind == b"fmt " and place + 16 <= len(wav):
            _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", wav, place)
            if (channels, rate, bits) != (1, RATE, 16):
                raise NoSpeechError(
                    f"WAV of {channels} channels at {rate} Hz with {bits} bits instead of PCM"
                )
        place += size + size % 2
    raise NoSpeechError("a WAV header without sound")
