"""A streamed chat completion ends with the reason why it ended, and is read in whatever shape it comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from agentrun.pipeline.services.chat_stream import NotedStream
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.quick import quick_call


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


def completion(*choices: dict[str, Any]) -> ChatCompletionChunk:
    return ChatCompletionChunk.construct(
        id="c", created=1, model="m", object="chat.completion.chunk", choices=list(choices)
    )


def test_of_several_answers_the_first_is_said() -> None:
    one, other = ({"index": n, "delta": {"content": f"Answer {n}."}} for n in (0, 1))
    stream = LeftOpen(completion(one), completion(other), completion(one, other), chunk(None, "stop"))
    words, reasons, _ = virtual_time.run(read(stream))
    assert words == ["Answer 0.", "Answer 0.", None]
    assert reasons == ["stop"]


def test_a_server_that_sends_its_answer_as_a_whole_is_read() -> None:
    whole = {"index": 0, "message": {"role": "assistant", "content": "From six."}, "finish_reason": "stop"}
    words, reasons, _ = virtual_time.run(read(LeftOpen(completion(whole))))
    assert (words, reasons) == (["From six."], ["stop"])


class Ends(LeftOpen):
    """The same, and ends."""

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        for each in self._chunks:
            assert not isinstance(each, float)
            yield each

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def heard(tmp_path: Path, *streams: list[ChatCompletionChunk]) -> tuple[list[str], list[str]]:
    """What the agent says to as many questions, and the errors, where the model streams these."""

    async def talk() -> tuple[list[str], list[str]]:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], [Answer("Certainly.")] * 8, resources=resources) as call,
        ):
            given = list(streams)
            llm: Any = call.session.parts.pipeline.llm
            completions = llm._client.chat.completions
            create = completions.create

            async def streamed(**wanted: Any) -> Any:
                return Ends(*given.pop(0)) if given else await create(**wanted)

            completions.create = streamed
            for _ in streams:
                before = len(call.agent_words)
                await call.say("When are you open?")
                await call.until(lambda before=before: len(call.agent_words) > before and not call.speaking)  # type: ignore[misc]
            with contextlib.suppress(TimeoutError):
                await call.until(lambda: len(call.agent_words) > len(streams) + 1, 5)
            return call.agent_words[1:], call.record.errors

    return virtual_time.run(talk())


HALF = [chunk("We are open from six. And we "), chunk("close at")]
WHOLE = [chunk("We are open."), chunk(None, "stop")]


def test_an_answer_whose_stream_is_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    said, errors = heard(tmp_path, WHOLE, HALF)
    assert said == ["We are open.", "We are open from six. And we close at", "Certainly."]
    assert "the stream ended without the reason" in errors[0]


def test_a_server_that_never_tells_reasons_is_believed(tmp_path: Path) -> None:
    said, errors = heard(tmp_path, HALF, HALF)
    assert said == ["We are open from six. And we close at"] * 2
    assert errors == []


class Ended(LeftOpen):
    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        for each in self._chunks:
            assert isinstance(each, ChatCompletionChunk)
            yield each


@pytest.mark.parametrize(
    ("event", "end", "expected"),
    [
        ({"message": "overloaded"}, None, "failed: overloaded"),
        ({"type": "error", "detail": [{"msg": "no memory"}]}, None, "failed: no memory"),
        ({"status": "queued", "message": "waiting"}, "stop", "stop"),
        ({"type": "ping"}, None, ""),
    ],
)
def test_an_error_in_an_event_of_its_own_is_why_an_answer_ended(
    event: dict[str, Any], end: str | None, expected: str
) -> None:
    told = ChatCompletionChunk.construct(**event)
    _, reasons, _ = virtual_time.run(read(Ended(chunk("We are open and "), told, chunk("", end))))
    assert reasons == [expected]
