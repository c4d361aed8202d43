"""Checks whether what a speech service sends is speech."""

from __future__ import annotations

import re
import struct

RATE = 24_000
"""Hz of 16-bit mono PCM; OpenAI's speech endpoint has no other rate."""
_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_OTHER_SOUND = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\x1aE\xdf\xa3": "WebM"}
_TELEPHONE = ("audio/basic", "audio/pcmu", "audio/pcma", "audio/x-mulaw", "audio/x-alaw")
_RATE = re.compile(r"\brate\s*=\s*\"?(\d{1,7})")
_MP3_KBIT = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBIT_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_HZ = (44_100, 48_000, 32_000)
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
    agentrun.pipeline.services.speech.sound.NoSpeechError: text instead of sound (application/json): ...
    """
    kind = content_type.lower()
    if kind.startswith(_TEXTS) or _is_text(first):
        shown = first[:_SHOWN].decode("utf-8", "replace")
        raise NoSpeechError(f"text instead of sound ({content_type or 'no content type'}): {shown}")
    if name := _compressed(first):
        raise NoSpeechError(f"{name} instead of PCM")
    rate = _RATE.search(kind)
    if kind.startswith(_TELEPHONE) or (rate and int(rate[1]) != RATE):
        raise NoSpeechError(f"{content_type} instead of PCM at {RATE} Hz")
    return _without_header(first) if first.startswith(b"RIFF") and first[8:12] == b"WAVE" else first


def _compressed(data: bytes) -> str:
    """The name of the compressed sound that ``data`` begins with; empty for none."""
    for magic, name in _OTHER_SOUND.items():
        if data.startswith(magic):
            return name
    if data[4:8] == b"ftyp":
        return "MP4"
    for name, size in (("MP3", _mp3_frame(data)), ("AAC", _aac_frame(data))):
        # a sample may look like the beginning of a frame; a second one at its end is no chance
        if size and data[size : size + 1] == b"\xff" and data[size + 1] & 0xF6 == data[1] & 0xF6:
            return name
    return ""


def _mp3_frame(data: bytes) -> int:
    """The bytes of the MPEG frame of layer III that ``data`` begins with; 0 for none."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return 0
    version, rate, hz = data[1] >> 3 & 3, data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or hz == 3:
        return 0
    kbit = (_MP3_KBIT if version == 3 else _MP3_KBIT_LOW)[rate]
    hertz = _MP3_HZ[hz] >> {3: 0, 2: 1, 0: 2}[version]
    size = (144_000 if version == 3 else 72_000) * kbit // hertz + (data[2] >> 1 & 1)
    return size if size + 2 <= len(data) else 0


def _aac_frame(data: bytes) -> int:
    """The bytes of the ADTS frame of AAC that ``data`` begins with; 0 for none."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return 0
    size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return size if size >= 7 and size + 2 <= len(data) else 0


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
