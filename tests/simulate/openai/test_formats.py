"""Every format of speech and transcripts, asked and read by OpenAI's own client."""

from __future__ import annotations

import base64
import io
from typing import Any, Literal

import av
import httpx
import numpy as np
import openai
import pytest
import soundfile
from openai.types.audio import TranslationVerbose

from agentrun.simulate.faults import Fault
from tests.simulate.openai.standing import Standing, standing

WORDS = "one two three four"
SECONDS = 0.6
"""At 150 ms a word."""
FORMATS = {
    "mp3": (b"ID3", "audio/mpeg", "mp3"),
    "wav": (b"RIFF", "audio/wav", "wav"),
    "opus": (b"OggS", "audio/opus", "ogg"),
    "flac": (b"fLaC", "audio/flac", "flac"),
    "aac": (b"\xff\xf1", "audio/aac", "aac"),
}
Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(seconds * 16_000), np.int16), 16_000, format="WAV")
    return file.getvalue()


def seconds_of(sound: bytes) -> tuple[str, float]:
    """The container of ``sound``, and how long FFmpeg plays it."""
    with av.open(io.BytesIO(sound), "r") as container:
        name = container.format.name
        frames = list(container.decode(audio=0))
    return name, sum(frame.samples for frame in frames) / frames[0].sample_rate


@pytest.mark.parametrize("name", FORMATS)
async def test_speech_comes_in_the_format_that_is_asked_for(name: Format) -> None:
    beginning, media_type, container = FORMATS[name]
    async with standing() as it:
        answer = await it.client.audio.speech.create(
            model="gpt-4o-mini-tts", voice="marin", input=WORDS, response_format=name
        )
    sound = answer.content
    assert sound.startswith(beginning)
    assert answer.response.headers["content-type"] == media_type
    played, seconds = seconds_of(sound)
    assert played == container
    assert seconds == pytest.approx(SECONDS, abs=0.12)


async def test_speech_is_mp3_where_nothing_is_asked_for() -> None:
    async with standing() as it:
        answer = await it.client.audio.speech.create(model="tts-1", voice="alloy", input=WORDS)
    assert seconds_of(answer.content)[0] == "mp3"


async def test_encoded_speech_is_sent_while_it_is_spoken() -> None:
    async with (
        standing() as it,
        it.client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="many words " * 40, response_format="mp3"
        ) as answer,
    ):
        pieces = [piece async for piece in answer.iter_bytes()]
    assert len(pieces) > 10


async def test_encoded_speech_can_be_cut_in_the_middle() -> None:
    headers, heard = {"authorization": "Bearer any"}, bytearray()
    async with standing() as it, httpx.AsyncClient(base_url=it.server.address, headers=headers) as bare:
        it.server.conditions.faults["speech"] = Fault("cut", after=5_000)
        async with bare.stream("POST", "/v1/audio/speech", json={"input": "many words " * 80}) as answer:
            with pytest.raises(httpx.RemoteProtocolError):
                await _drain(answer, heard)
    assert len(heard) >= 5_000


async def _drain(answer: httpx.Response, heard: bytearray) -> None:
    async for piece in answer.aiter_bytes():
        heard += piece


async def test_speech_comes_in_events_too() -> None:
    body = {"input": WORDS, "model": "gpt-4o-mini-tts", "response_format": "wav", "stream_format": "sse"}
    async with standing() as it:
        stream: Any = await it.client.post(
            "/audio/speech", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[Any]
        )
        events = [event async for event in stream]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    container, seconds = seconds_of(sound)
    assert (container, round(seconds, 2)) == ("wav", SECONDS)
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["total_tokens"] > 2


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"response_format": "au"}, "'au' is not one of mp3, wav, opus, flac, aac, pcm"),
        ({"speed": 9.0}, "9.0 is not a number from 0.25 to 4"),
        ({"speed": "fast"}, "'fast' is not a number"),
        ({"stream_format": "ws"}, "'ws' is not one of audio, sse"),
        ({"stream_format": "sse", "model": "tts-1"}, "'sse' is not supported for tts-1"),
        ({"input": 7}, "input is required"),
    ],
)
async def test_what_speech_can_not_be_is_told(wishes: dict[str, Any], words: str) -> None:
    body = {"input": "Hi", "model": "gpt-4o-mini-tts", "voice": "alloy", **wishes}
    async with standing() as it:
        with pytest.raises(openai.BadRequestError) as caught:
            await it.client.post("/audio/speech", body=body, cast_to=object)
    assert words in caught.value.message


async def hear(it: Standing, **wishes: Any) -> Any:
    wishes = {"model": "whisper-1", "file": ("audio.wav", wav(1.5)), **wishes}
    return await it.client.audio.transcriptions.create(**wishes)


async def test_a_transcript_is_streamed_word_by_word() -> None:
    async with standing(heard="Did Duke win?") as it:
        stream = await hear(it, model="gpt-4o-transcribe", stream=True)
        events = [event async for event in stream]
    assert [event.delta for event in events[:-1]] == ["Did", " Duke", " win?"]
    assert (events[-1].type, events[-1].text) == ("transcript.text.done", "Did Duke win?")


async def test_whisper_gives_all_at_once_although_a_stream_is_asked_for() -> None:
    headers = {"authorization": "Bearer any"}
    async with standing(heard="Yes.") as it, httpx.AsyncClient(base_url=it.server.base_url) as bare:
        form = {"model": "whisper-1", "stream": "true"}
        answer = await bare.post(
            "/audio/transcriptions", data=form, files={"file": wav(1.0)}, headers=headers
        )
    assert answer.json() == {"text": "Yes."}


async def test_a_transcript_is_text_or_subtitles() -> None:
    async with standing(heard="Did Duke win?") as it:
        assert await hear(it, response_format="text") == "Did Duke win?\n"
        assert await hear(it, response_format="srt") == "1\n00:00:00,000 --> 00:00:01,500\nDid Duke win?\n\n"
        vtt = await hear(it, response_format="vtt")
    assert vtt == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nDid Duke win?\n\n"


async def test_a_verbose_transcript_has_segments_and_words_with_their_times() -> None:
    async with standing(heard="Did Duke win?") as it:
        heard = await hear(it, response_format="verbose_json", timestamp_granularities=["word", "segment"])
        plain = await hear(it, response_format="verbose_json")
    assert (heard.text, heard.language, heard.duration) == ("Did Duke win?", "english", 1.5)
    assert [(one.start, one.end, one.text) for one in heard.segments] == [(0.0, 1.5, "Did Duke win?")]
    assert [word.word for word in heard.words] == ["Did", "Duke", "win?"]
    assert (heard.words[0].start, heard.words[-1].end) == (0.0, 1.5)
    assert all(one.end == two.start for one, two in zip(heard.words, heard.words[1:], strict=False))
    assert plain.words is None


async def test_nothing_heard_has_no_segment() -> None:
    async with standing(heard="") as it:
        assert (await hear(it, response_format="verbose_json")).segments == []
        assert await hear(it, response_format="srt") == ""


@pytest.mark.parametrize("name", ["verbose_json", "srt", "vtt"])
async def test_a_model_without_times_refuses_them(name: str) -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError, match="is not compatible with gpt-4o-transcribe"):
            await hear(it, model="gpt-4o-transcribe", response_format=name)


async def test_a_format_that_there_is_not_is_told() -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError, match="'rtf' is not one of json, text"):
            await hear(it, response_format="rtf")


@pytest.mark.parametrize("name", FORMATS)
async def test_what_was_spoken_in_a_format_is_heard_from_it(name: Format) -> None:
    async with standing() as it:
        answer = await it.client.audio.speech.create(
            model="tts-1", voice="alloy", input=WORDS, response_format=name
        )
        await hear(it, file=(f"speech.{name}", answer.content))
    assert it.hearing.heard == [pytest.approx(SECONDS, abs=0.12)]


DIARIZE = "gpt-4o-transcribe-diarize"


async def test_a_transcript_tells_who_spoke() -> None:
    async with standing(heard="Did Duke win?") as it:
        heard = await hear(it, model=DIARIZE, response_format="diarized_json")
        known = await hear(it, model=DIARIZE, response_format="diarized_json", known_speaker_names=["Ana"])
    (segment,) = heard.segments
    assert (heard.duration, heard.text, heard.usage.seconds) == (1.5, "Did Duke win?", 1.5)
    assert (segment.start, segment.end, segment.speaker, segment.text) == (0.0, 1.5, "A", "Did Duke win?")
    assert [one.speaker for one in known.segments] == ["Ana"]


async def test_a_stream_tells_who_spoke_behind_the_words() -> None:
    async with standing(heard="Yes, both.") as it:
        stream = await hear(it, model=DIARIZE, response_format="diarized_json", stream=True)
        events = [event async for event in stream]
    kinds = [event.type.removeprefix("transcript.text.") for event in events]
    assert kinds == ["delta", "delta", "segment", "done"]
    assert {event.segment_id for event in events[:2]} == {events[2].id}


async def test_who_spoke_in_a_long_sound_is_told_in_pieces_alone() -> None:
    long = ("audio.wav", wav(31.0))
    async with standing(heard="Yes.") as it:
        with pytest.raises(openai.BadRequestError, match="chunking_strategy is required"):
            await hear(it, model=DIARIZE, file=long)
        assert (await hear(it, model=DIARIZE, file=long, chunking_strategy="auto")).text == "Yes."
        with pytest.raises(openai.BadRequestError, match="'diarized_json' is not compatible with whisper-1"):
            await hear(it, response_format="diarized_json")


async def translate(it: Standing, **wishes: Any) -> httpx.Response:
    """The SDK's own method warns that it is deprecated: the same form by hand."""
    headers = {"authorization": "Bearer any"}
    async with httpx.AsyncClient(base_url=it.server.base_url, headers=headers) as bare:
        form = {"model": "whisper-1", **wishes}
        return await bare.post("/audio/translations", data=form, files={"file": ("a.wav", wav(1.5))})


async def test_a_translation_has_the_formats_of_whisper() -> None:
    async with standing(heard="Hat Duke gewonnen?") as it:
        assert (await translate(it)).json() == {"text": "Hat Duke gewonnen?"}
        answer = await translate(it, response_format="verbose_json")
        verbose = TranslationVerbose.model_validate(answer.json())
        assert (verbose.language, verbose.duration) == ("english", 1.5)
        srt = await translate(it, response_format="srt")
        assert srt.text.splitlines()[1] == "00:00:00,000 --> 00:00:01,500"
        assert it.server.requests[-1].route == "translations"
        refused = await translate(it, model="gpt-4o-transcribe")
    assert (refused.status_code, "can't translate" in refused.text) == (400, True)
