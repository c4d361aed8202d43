"""An answer that is no transcript is told of by what came, and without what the caller said."""

from __future__ import annotations

from typing import Any, cast

import httpx2
import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import ErrorFrame
from pipecat.services.openai.stt import OpenAISTTService

from agentrun.pipeline import pipecat_private


async def told(body: str, kind: str) -> str:
    """What the service says of an answer with ``body`` of the content type ``kind``."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text=body, headers={"content-type": kind})

    service = OpenAISTTService(api_key="test")
    pipecat_private.check_transcripts(service)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as web:
        service._client = AsyncOpenAI(
            api_key="test", http_client=cast(Any, web), base_url="http://127.0.0.1/v1"
        )
        frames = [frame async for frame in service.run_stt(b"RIFF")]
    return " ".join(frame.error for frame in frames if isinstance(frame, ErrorFrame))


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
    ],
)
async def test_an_answer_without_words_is_described(body: str, kind: str, words: str) -> None:
    error = await told(body, kind)
    assert f"no transcript came, but {words}" in error
    assert "attribute" not in error
    assert "Ada" not in error
