"""One response of a realtime session: words and audio, or function calls."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, Protocol

from agentrun.simulate.engines.engines import VOICE_RATE, Answer, Conversation, ToolCall
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.chat import pieces
from agentrun.simulate.openai.mock_state import MockState
from agentrun.simulate.openai.realtime import audio_format
from agentrun.simulate.openai.realtime.conversation_items import as_messages, as_tools, function_call, message


class ResponseSession(Protocol):
    """What a response needs of the session that it belongs to."""

    mock: MockState
    agent: str
    items: list[dict[str, Any]]
    spoken_ms: dict[str, int]
    settings: dict[str, Any]

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send one event."""


class RealtimeResponse:
    """Runs once; ``cancel`` ends it early, and what was not said is not in the conversation."""

    def __init__(self, session: ResponseSession) -> None:
        self.active = True
        self._session = session
        self._id = session.mock.new_id("resp")
        self._output: list[dict[str, Any]] = []
        self._reason = ""
        self._fault: Fault | None = None
        self._cancelled = asyncio.Event()

    async def cancel(self, reason: str) -> None:
        """Stop speaking; ``response.done`` says why."""
        self._cancelled.set()
        self._reason = reason

    async def run(self) -> None:
        """Think, then speak or call."""
        session = self._session
        await session.mock.conditions.wait("responses")
        self._fault = session.mock.conditions.strike("responses")
        if self._fault and self._fault.kind == "hang":
            await self._cancelled.wait()
        if self._fault and self._fault.kind == "late":
            await asyncio.sleep(self._fault.after)
        await session.tell("response.created", response=self._as_json("in_progress"))
        if self._fault and self._fault.kind in ("empty", "status"):
            await self._end()
            return
        settings = session.settings
        messages = as_messages(settings.get("instructions") or "", session.items)
        conversation = Conversation(messages, as_tools(settings.get("tools")), session.agent)
        answer = await session.mock.brain.answer(conversation)
        for call in answer.calls:
            await self._call(call)
        if answer.text and not self._reason:
            await (self._write if self._wants_text() else self._speak)(answer)
        await self._end()

    async def _end(self) -> None:
        self.active = False
        failed = self._fault is not None and self._fault.kind in ("status", "cut")
        status = "cancelled" if self._reason else "failed" if failed else "completed"
        await self._session.tell("response.done", response=self._as_json(status))

    async def _call(self, call: ToolCall) -> None:
        session = self._session
        call_id = session.mock.new_id("call")
        item = function_call(session.mock.new_id("item"), call_id, call.name, call.arguments)
        where = {"response_id": self._id, "output_index": len(self._output)}
        await self._added(item, where)
        await session.tell(
            "response.function_call_arguments.done",
            item_id=item["id"],
            call_id=call_id,
            arguments=item["arguments"],
            **where,
        )
        await self._done(item, where)
        self._output.append(item)
        session.items.append(item)

    async def _added(self, item: dict[str, Any], where: dict[str, Any]) -> None:
        """An item has begun, in the response and in the conversation."""
        await self._session.tell("response.output_item.added", item=item, **where)
        await self._session.tell("conversation.item.added", item=item)

    async def _done(self, item: dict[str, Any], where: dict[str, Any]) -> None:
        """An item is whole, in the response and in the conversation."""
        await self._session.tell("response.output_item.done", item=item, **where)
        await self._session.tell("conversation.item.done", item=item)

    def _wants_text(self) -> bool:
        return list(self._session.settings.get("output_modalities") or ()) == ["text"]

    async def _write(self, answer: Answer) -> None:
        """Words alone, for a session whose output modality is text."""
        session = self._session
        item = message(session.mock.new_id("item"), "assistant", "output_text", "", "in_progress")
        where = {"response_id": self._id, "output_index": len(self._output)}
        part = {"item_id": item["id"], "content_index": 0, **where}
        await self._added(item, where)
        await session.tell("response.content_part.added", part={"type": "text", "text": ""}, **part)
        session.items.append(item)
        text = ""
        for word in pieces(answer.text):
            if self._reason:
                break
            text += word
            await session.tell("response.output_text.delta", delta=word, **part)
            await asyncio.sleep(0)
        item |= message(item["id"], "assistant", "output_text", text)
        self._output.append(item)
        await session.tell("response.output_text.done", text=text, **part)
        await session.tell("response.content_part.done", part={"type": "text", "text": text}, **part)
        await self._done(item, where)

    async def _speak(self, answer: Answer) -> None:
        session = self._session
        item = message(session.mock.new_id("item"), "assistant", "output_audio", "", "in_progress")
        where = {"response_id": self._id, "output_index": len(self._output)}
        part = {"item_id": item["id"], "content_index": 0, **where}
        await self._added(item, where)
        await session.tell("response.content_part.added", part={"type": "audio", "transcript": ""}, **part)
        session.items.append(item)
        transcript = await self._say(answer.text, part)
        item |= message(item["id"], "assistant", "output_audio", transcript)
        self._output.append(item)
        await session.tell("response.output_audio.done", **part)
        await session.tell("response.output_audio_transcript.done", transcript=transcript, **part)
        done = {"type": "audio", "transcript": transcript}
        await session.tell("response.content_part.done", part=done, **part)
        await self._done(item, where)

    async def _say(self, text: str, part: dict[str, Any]) -> str:
        """Words and audio side by side, faster than they are heard; gives the words that were sent."""
        session = self._session
        rest = pieces(text)
        audio = (session.settings.get("audio") or {}).get("output") or {}
        voice, speed = str(audio.get("voice") or "alloy"), float(audio.get("speed") or 1.0)
        sent = 0
        telephone = audio_format.of(session.settings, "output") == audio_format.PCMU
        encoder = audio_format.TelephoneEncoder() if telephone else None
        async for pcm in session.mock.voice.speak(text, voice, speed):
            if self._fault and self._fault.kind == "stall" and sent >= self._fault.after:
                await self._cancelled.wait()
            if self._reason or (self._fault and self._fault.kind == "cut" and sent >= self._fault.after):
                return text[: len(text) - len("".join(rest))]
            sent += len(pcm)
            for word in rest[:2]:
                await session.tell("response.output_audio_transcript.delta", delta=word, **part)
            del rest[:2]
            milliseconds = len(pcm) * 1000 // (2 * VOICE_RATE)
            session.spoken_ms[part["item_id"]] = session.spoken_ms.get(part["item_id"], 0) + milliseconds
            await asyncio.sleep(self._fault.pause if self._fault else 0.0)
            delta = base64.b64encode(encoder.encode(pcm) if encoder else pcm).decode()
            await session.tell("response.output_audio.delta", delta=delta, **part)
            await asyncio.sleep(0)
        for word in rest:
            await session.tell("response.output_audio_transcript.delta", delta=word, **part)
        return text

    def _as_json(self, status: str) -> dict[str, Any]:
        details: dict[str, Any] | None = None
        if status == "cancelled":
            details = {"type": "cancelled", "reason": self._reason}
        elif status == "failed":
            problem = {"type": "tokens", "code": "rate_limit_exceeded", "message": "Rate limit reached."}
            details = {"type": "failed", "error": problem}
        done = status != "in_progress"
        usage = {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0} if done else None
        return {
            "id": self._id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": self._output,
            "usage": usage,
        }
