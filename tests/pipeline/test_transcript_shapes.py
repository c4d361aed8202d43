"""A transcript is read in each of its shapes; what is none is told of without what the caller said."""

from __future__ import annotations

import json
from typing import Any, cast

import httpx2
import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame
from pipecat.services.openai.stt import OpenAISTTService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services import transcript_shapes


async def heard(body: str, kind: str) -> list[Frame | None]:
    """What the service makes of an answer with ``body`` of the content type ``kind``."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text=body, headers={"content-type": kind})

    service = OpenAISTTService(api_key="test")
    pipecat_private.check_transcripts(service)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as web:
        service._client = AsyncOpenAI(
            api_key="test", http_client=cast(Any, web), base_url="http://127.0.0.1/v1"
        )
        return [frame async for frame in service.run_stt(b"RIFF")]


def event(**data: str) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


DELTAS = "".join(event(type="transcript.text.delta", delta=each) for each in ("Is it", " open?"))
VTT = "WEBVTT\n\nNOTE a machine\n\n00:00.000 --> 00:01.000 line:0\nIs it\n\n00:01.000 --> 00:02.000\nopen?\n"
SRT = "1\n00:00:00,000 --> 00:00:01,000\nIs it\n\n2\n00:00:01,000 --> 00:00:02,000\nopen?\n"
SEGMENTS = [{"id": 0, "text": " Is it"}, {"id": 1, "text": " open?"}]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"text": "Is it open?"}', "application/json"),
        (
            json.dumps({"task": "transcribe", "duration": 1.0, "text": "Is it open?", "segments": SEGMENTS}),
            "application/json",
        ),
        (json.dumps({"duration": 1.0, "segments": SEGMENTS}), "application/json"),
        ('{"text": "Is it open?"}', "text/plain"),
        (DELTAS + event(type="transcript.text.done", text="Is it open?"), "text/event-stream"),
        (DELTAS + "data: [DONE]\n\n", "text/event-stream; charset=utf-8"),
        (VTT, "text/vtt"),
        (SRT, "text/plain; charset=utf-8"),
    ],
    ids=["json", "verbose", "segments", "json as text", "events", "deltas", "vtt", "srt"],
)
async def test_the_words_are_read_in_each_shape(body: str, kind: str) -> None:
    frames = await heard(body, kind)
    assert [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)] == ["Is it open?"]
    assert not [frame for frame in frames if isinstance(frame, ErrorFrame)]


@pytest.mark.parametrize("within", ["\u2028", "\x85", "\x0b", "\x0c"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_ends_where_the_shape_says(within: str, end: str) -> None:
    words = f"Is{within}it"
    delta = {"type": "transcript.text.delta", "delta": words}
    escaped = json.dumps(delta) if within < " " else json.dumps(delta, ensure_ascii=False)
    assert transcript_shapes.text_of(f"data: {escaped}{end}{end}data: [DONE]{end}") == words
    cue = f"WEBVTT{end}{end}00:00.000 --> 00:01.000{end}{words}{end}{end}NOTE a machine{end}"
    assert transcript_shapes.text_of(cue) == words


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("null", "application/json", "null"),
        ('{"transcript": "Ada"}', "application/json", "an object with transcript"),
        ('{"text": null}', "application/json", "an object with text"),
        ('{"text": ["Ada"]}', "application/json", "an object with text"),
        ('[{"text": "Ada"}]', "application/json", "JSON of another shape (list)"),
        ("7", "application/json", "JSON of another shape (int)"),
        ("Ada speaks.", "text/plain", "plain text of 11 characters"),
        ("<html>Ada</html>", "text/html", "a page of HTML"),
        (event(type="error", message="Ada"), "text/event-stream", "plain text of"),
        ("{" * 100_000, "text/plain", "plain text of 100000 characters"),
    ],
)
async def test_an_answer_without_words_is_described(body: str, kind: str, words: str) -> None:
    error = " ".join(frame.error for frame in await heard(body, kind) if isinstance(frame, ErrorFrame))
    assert f"no transcript came, but {words}" in error
    assert "attribute" not in error
    assert "Ada" not in error
