"""A streamed chat completion ends with the reason why it ended, and is read in whatever shape it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from agentrun.pipeline.services.chat_stream import NotedStream
from agentrun.testing import virtual_time


def chunk(content: Any, reason: str | None = None) -> ChatCompletionChunk:
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": reason}]
    return ChatCompletionChunk.construct(
        id="c", created=1, model="m", object="chat.completion.chunk", choices=choices
    )


class LeftOpen:
    """Gives chunks with seconds between them, and doesn't end."""

    def __init__(self, *chunks: ChatCompletionChunk | float) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        for each in self._chunks:
            if isinstance(each, float):
                await asyncio.sleep(each)
            else:
                yield each
        await asyncio.Event().wait()


async def read(stream: LeftOpen) -> tuple[list[Any], list[str], float]:
    reasons: list[str] = []
    clock = asyncio.get_running_loop().time
    began = clock()
    chunks = [each async for each in NotedStream(stream, reasons.append)]
    return [each.choices[0].delta.content for each in chunks if each.choices], reasons, clock() - began


def test_a_stream_that_is_left_open_behind_the_reason_has_ended() -> None:
    stream = LeftOpen(chunk("We are "), 30.0, chunk("open."), chunk(None, "stop"))
    words, reasons, took = virtual_time.run(read(stream))
    assert words == ["We are ", "open.", None]
    assert reasons == ["stop"]
    assert 31 <= took < 35


def test_the_usage_behind_the_reason_is_waited_for() -> None:
    usage = chunk(None)
    usage.choices = []
    words, reasons, took = virtual_time.run(read(LeftOpen(chunk("Yes.", "stop"), 0.5, usage)))
    assert (words, reasons) == (["Yes."], ["stop"])
    assert 1.5 <= took < 5


def test_a_stream_without_a_reason_is_waited_for_by_the_session() -> None:
    async def wait() -> None:
        async with asyncio.timeout(60):
            await read(LeftOpen(chunk("We are")))

    with pytest.raises(TimeoutError):
        virtual_time.run(wait())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "We are"}, {"type": "text", "text": " open."}], "We are open."),
        ([{"type": "thinking", "thinking": [{"text": "Hm."}]}], None),
        (["We are", " open."], "We are open."),
        ({"type": "text", "text": "Yes."}, "Yes."),
        ([], None),
        (7, None),
        ([None, 7, {"text": None}], None),
        ("Yes.", "Yes."),
        ("", ""),
    ],
)
def test_content_in_parts_is_its_text(content: Any, text: str | None) -> None:
    words, _, _ = virtual_time.run(read(LeftOpen(chunk(content, "stop"))))
    assert words == [text]
