"""A streamed chat completion, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any

from openai.types.chat.chat_completion_chunk import ChoiceDelta
from pipecat.frames.frames import LLMFullResponseEndFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.base_llm import BaseOpenAILLMService

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.pushed_frames import watch_pushed_frames
from agentrun.pipeline.services import end_of_answer, provider_words
from agentrun.pipeline.services.connections.whole_answers import WholeAnswer

AFTER_REASON_SECONDS = 1.0
"""How long what follows the reason why a model stopped is waited for: the usage, or the stream's end."""
_NO_REASON = "failed: the stream ended without the reason that others ended with"
"""The reason of an answer that a server between has cut off, where the model's have one."""


def note_finish_reasons(llm: object) -> None:
    """Have the end of each answer say why the model stopped, for every provider of chat completions."""
    if not isinstance(llm, BaseOpenAILLMService):
        return

    tells_reasons = False

    def ended(reason: str) -> None:
        nonlocal tells_reasons
        tells_reasons = tells_reasons or (bool(reason) and end_of_answer.is_normal(reason))
        end_of_answer.note(llm, reason or (_NO_REASON if tells_reasons else ""))

    async def get_chat_completions(context: LLMContext) -> NotedStream:
        end_of_answer.note(llm, "")
        return NotedStream(await complete(context), ended)

    complete = replace_method(llm, "get_chat_completions", get_chat_completions)
    watch_pushed_frames(llm, LLMFullResponseEndFrame, lambda frame: end_of_answer.mark(frame, llm))


class NotedStream:
    """Passes the chunks of ``stream`` on, and says at the end how it ended.

    ``ended`` is given the model's finish reason. A stream without a chunk is no stream: its status and
    content type are given then, as where a proxy answers 200 with a page of HTML. A server that answers with
    one completion is read as one that streams.
    """

    def __init__(self, stream: Any, ended: Callable[[str], None]) -> None:
        self._stream = stream
        self._ended = ended
        response = getattr(stream, "response", None)
        self._whole = WholeAnswer(response) if response is not None else None

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        return self._chunks()

    async def close(self) -> None:
        """Let go of the connection."""
        close = getattr(self._stream, "close", None) or self._stream.aclose
        await close()

    async def _chunks(self) -> AsyncGenerator[Any, None]:
        reason, told, empty = "", "", True
        chunks = self._stream.__aiter__()
        while (chunk := await _following(chunks, reason)) is not None:
            empty = False
            told = told or _told(chunk)
            _keep_one_answer(chunk)
            for choice in chunk.choices or ():
                reason = getattr(choice, "finish_reason", None) or reason
                _take_message(choice)
                _speak_refusal(getattr(choice, "delta", None))
                _join_parts(getattr(choice, "delta", None))
            yield chunk
        self._ended(self._answered() if empty else reason or told)

    def _answered(self) -> str:
        response = getattr(self._stream, "response", None)
        if response is None:
            return "no events"
        kind = response.headers.get("content-type") or "none"
        words = self._whole.words if self._whole else ""
        return f"status {response.status_code}, content type {kind}{f': {words}' if words else ''}"


async def _following(chunks: AsyncIterator[Any], reason: str) -> Any:
    """The next chunk, or None: a server that has told the ``reason`` may leave the stream open behind it."""
    try:
        async with asyncio.timeout(AFTER_REASON_SECONDS if reason else None):
            return await anext(chunks, None)
    except TimeoutError:
        return None


def _told(chunk: Any) -> str:
    """The reason of an answer that ends without one of its own, behind an event that is none of an answer.

    Servers tell of errors so (``event: error``, with a ``message``). An answer may come behind such words,
    which are then forgotten.
    """
    words = provider_words.found(chunk.model_extra or {}) if chunk.choices is None else ""
    return f"failed: {words[: provider_words.LONGEST]}" if words else ""


def _keep_one_answer(chunk: Any) -> None:
    """Of several answers, as a gateway may ask for with ``n``, the first is said: Pipecat would say each."""
    if chunk.choices:
        chunk.choices = [choice for choice in chunk.choices if not getattr(choice, "index", 0)]


def _take_message(choice: Any) -> None:
    """A server that does not stream sends its answer as a whole, in ``message``."""
    message = getattr(choice, "message", None)
    if getattr(choice, "delta", None) is None and isinstance(message, Mapping):
        choice.delta = ChoiceDelta.construct(
            content=message.get("content"),
            refusal=message.get("refusal"),
            role="assistant",
            tool_calls=_calls(message) or None,
        )


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of a whole message as deltas, which are numbered; servers of old have a single one."""
    calls = message.get("tool_calls")
    if not calls and isinstance(message.get("function_call"), Mapping):
        calls = [{"function": message["function_call"]}]
    if not isinstance(calls, list):
        return []
    return [{**call, "index": number} for number, call in enumerate(calls) if isinstance(call, Mapping)]


def _join_parts(delta: Any) -> None:
    """Content in parts, as some servers send it, is the text in them: Pipecat reads a text alone."""
    content = getattr(delta, "content", None)
    if content is None or isinstance(content, str):
        return
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    delta.content = "".join(text for text in texts if isinstance(text, str)) or None


def _speak_refusal(delta: Any) -> None:
    """A model that refuses says so in ``refusal``, and Pipecat reads ``content``: the caller is told too."""
    refusal = getattr(delta, "refusal", None)
    if delta is not None and refusal and not delta.content:
        delta.content = refusal
