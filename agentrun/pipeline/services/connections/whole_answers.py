"""Accepts a complete answer where a stream was requested, since not every server streams."""

from __future__ import annotations

import codecs
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from agentrun.http.bounded_answers import MOST_EVENT_BYTES, AnswerTooLongError, Measure
from agentrun.pipeline.services import provider_words

_ENDS = {"completed": "completed", "incomplete": "incomplete"}


class WholeAnswer:
    """Has a ``response`` that is one JSON object read as the events that a stream would have had.

    OpenAI's client finds no event in such a body, and says nothing of the words. Neither it nor one event has
    more than ``MOST_EVENT_BYTES``; reading raises AnswerTooLongError there.
    """

    def __init__(self, response: Any) -> None:
        self.words = ""
        """Those of an object that is no answer, such as an error's."""
        read = response.aiter_bytes
        response.aiter_bytes = lambda: self.as_events(read())

    async def as_events(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """``pieces`` of a body as they come, unless its first sign is that of a JSON object."""
        measure, whole, is_begun = Measure(MOST_EVENT_BYTES, events=True), bytearray(), False
        async for piece in pieces:
            first = piece if is_begun else piece.removeprefix(codecs.BOM_UTF8).lstrip()
            if whole or (not is_begun and first.startswith(b"{")):
                whole += first
                if len(whole) > MOST_EVENT_BYTES:
                    raise AnswerTooLongError(f"the answer has more than {MOST_EVENT_BYTES} bytes")
            else:
                measure.add(piece)
                yield piece
            is_begun = is_begun or bool(first)
        for event in self._events(whole):
            yield b"data: " + json.dumps(event).encode() + b"\n\n"

    def _events(self, body: bytearray) -> Iterator[dict[str, Any]]:
        try:
            answer = json.loads(body) if body else {}
        except (ValueError, RecursionError):
            return
        if answer.get("choices"):
            yield answer
        elif isinstance(answer.get("output"), list):
            yield from _of_response(answer)
        else:
            self.words = " ".join(provider_words.found(answer).split())[: provider_words.LONGEST]


def _of_response(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a response (https://platform.openai.com/docs/api-reference/responses-streaming)."""
    for number, item in enumerate(answer["output"]):
        kind = item.get("type") if isinstance(item, dict) else None
        place = {"output_index": number, "sequence_number": number}
        if kind == "message":
            for part in item.get("content") or ():
                yield from _of_part(part, {**place, "item_id": str(item.get("id")), "content_index": 0})
        elif kind == "function_call":
            arguments = item.get("arguments") or ""
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            call = {**item, "id": item.get("id") or f"item_{number}", "arguments": text}
            for step in ("added", "done"):
                yield {**place, "type": f"response.output_item.{step}", "item": call}
    end = _ENDS.get(str(answer.get("status") or "completed"), "failed")
    yield {"type": f"response.{end}", "response": answer, "sequence_number": len(answer["output"])}


def _of_part(part: Any, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(part, dict):
        return
    for key, event in (("text", "output_text"), ("refusal", "refusal")):
        if isinstance(part.get(key), str) and part[key]:
            yield {**place, "type": f"response.{event}.delta", "delta": part[key], "logprobs": []}
