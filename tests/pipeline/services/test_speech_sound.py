"""What a speech service sends is speech, or it is told what it was instead."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest

from agentrun.pipeline.services.speech.sound import RATE, NoSpeechError, checked

SPEECH = (np.sin(np.arange(2400) * 0.1) * 9_000).astype("<i2").tobytes()


def wav(rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setframerate(rate)
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.writeframes(SPEECH)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["", "audio/pcm", "application/octet-stream", "audio/L16;rate=24000"])
def test_sound_is_passed_on_as_it_is(kind: str) -> None:
    assert checked(SPEECH, kind) == SPEECH


def test_silence_is_sound() -> None:
    assert checked(bytes(4800), "audio/pcm") == bytes(4800)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b'{"error": "overloaded"}', "application/json"),
        (b"<html>503</html>", "text/html; charset=utf-8"),
        (b"<?xml version='1.0'?>", "application/xml"),
        (b'{"error": {"message": "upstream"}}', "audio/pcm"),
        (b"upstream connect error or disconnect", ""),
        (SPEECH, "text/plain"),
    ],
)
def test_text_is_no_sound(first: bytes, kind: str) -> None:
    with pytest.raises(NoSpeechError, match="text instead of sound"):
        checked(first, kind)


def test_what_it_was_is_shown_shortly() -> None:
    with pytest.raises(NoSpeechError) as told:
        checked(b"no " * 10_000, "text/plain")
    assert len(str(told.value)) < 150


@pytest.mark.parametrize(("magic", "name"), [(b"ID3", "MP3"), (b"OggS", "Ogg"), (b"fLaC", "FLAC")])
def test_compressed_sound_is_noise_to_a_caller(magic: bytes, name: str) -> None:
    with pytest.raises(NoSpeechError, match=f"{name} instead of PCM"):
        checked(magic + bytes(100), "audio/pcm")


def test_a_wav_header_is_taken_off() -> None:
    assert checked(wav(), "audio/wav") == SPEECH


def test_so_is_one_with_other_chunks_in_it() -> None:
    plain = wav()
    listed = plain[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + plain[12:]
    assert checked(listed) == SPEECH


@pytest.mark.parametrize(("rate", "channels", "width"), [(16_000, 1, 2), (RATE, 2, 2), (RATE, 1, 1)])
def test_another_rate_would_be_played_too_fast_or_too_slow(rate: int, channels: int, width: int) -> None:
    with pytest.raises(NoSpeechError, match=f"{channels} channels at {rate} Hz with {width * 8} bits"):
        checked(wav(rate, channels, width))


@pytest.mark.parametrize("length", [12, 20, 36, 40])
def test_a_header_that_is_cut_is_no_sound(length: int) -> None:
    with pytest.raises(NoSpeechError, match="without sound"):
        checked(wav()[:length])


def test_an_endless_header_is_not_followed() -> None:
    with pytest.raises(NoSpeechError, match="without sound"):
        checked(b"RIFF\0\0\0\0WAVE" + (b"junk" + struct.pack("<I", 0)) * 10_000)


def mp3(header: bytes, size: int) -> bytes:
    """Frames of ``size`` bytes, as a stream without tags has them."""
    return (header + bytes(size - len(header))) * 3


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (mp3(b"\xff\xfb\x90\x00", 417), "MP3"),
        (mp3(b"\xff\xfb\x92\x00", 418), "MP3"),
        (mp3(b"\xff\xf3\x84\xc4", 192), "MP3"),
        (mp3(b"\xff\xf1\x58\x40\x0c\x9f\xfc", 100), "AAC"),
        (b"\x1aE\xdf\xa3" + bytes(100), "WebM"),
        (bytes(4) + b"ftypM4A " + bytes(100), "MP4"),
    ],
)
def test_compressed_sound_without_a_tag_is_known_by_its_frames(first: bytes, name: str) -> None:
    with pytest.raises(NoSpeechError, match=f"{name} instead of PCM"):
        checked(first, "audio/pcm")


@pytest.mark.parametrize("start", [b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xff", b"\xff\xfb\x90\x00"])
def test_sound_that_begins_like_a_frame_is_sound(start: bytes) -> None:
    assert checked(start + SPEECH) == start + SPEECH
    assert checked(start) == start


@pytest.mark.parametrize(
    "kind", ["audio/L16; rate=16000", 'audio/pcm;rate="8000"', "audio/basic", "audio/x-mulaw", "audio/PCMU"]
)
def test_another_rate_that_the_content_type_names_would_be_heard_at_a_wrong_pitch(kind: str) -> None:
    with pytest.raises(NoSpeechError, match="instead of PCM at 24000 Hz"):
        checked(SPEECH, kind)
