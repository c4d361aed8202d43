"""The stand-in for OpenAI that benchmarks ask: scripted engines, with the delays of a profile.

``python benchmarks/standin.py PROFILE [PACE]``: serves on a free loopback port, which it prints. A short
question gets words, a long one a tool call and then words. Sound is sent PACE (2) times as fast as it is
heard; answers take 3 to 5 s.
"""

from __future__ import annotations

import asyncio
import sys

from loguru import logger

from agentrun.simulate.bench.mock_openai import PACE, PacedVoice
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall
from agentrun.simulate.faults import Route
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.openai.realtime import speech_turns

PROFILES: dict[str, dict[Route, float]] = {
    "zero": {},
    "realistic": {"transcriptions": 0.3, "chat": 0.35, "speech": 0.25, "responses": 0.4},
}
LONG_SECONDS = 3.2
HELLO = "Hello, this is the restaurant."
WORDS = "We are open this evening from six until eleven, and tomorrow at noon until late. "
MORE = "If you like I can keep a table by the window for you or write down your number."


class Hearing:
    """Tells questions apart by their length."""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words that stand for a short or a long question."""
        del prompt
        long = len(pcm) / 2 / sample_rate > LONG_SECONDS
        return "Please look it up." if long else "When are you open?"


class Brain:
    """Greets, calls a tool, or answers."""

    async def answer(self, conversation: Conversation) -> Answer:
        """What comes next."""
        last = conversation.messages[-1] if conversation.messages else {}
        content = str(last.get("content"))
        if last.get("role") == "tool" or "six to eleven" in content or "open" in content:
            return Answer(_long(len(conversation.messages)))
        if "look it up" in content:
            return Answer(calls=(ToolCall("get_hours"),))
        return Answer(HELLO)


def _long(number: int) -> str:
    """An answer that takes 3 to 5 s, of another length each time."""
    return " ".join((WORDS + MORE).split()[: 21 + number * 5 % 13])


async def main() -> None:
    """Serve until the process is ended."""
    logger.remove()
    speech_turns.START_MS = 20
    pace = float(sys.argv[2]) if len(sys.argv) > 2 else PACE
    async with OpenAIServer(Hearing(), PacedVoice(pace), Brain()) as server:
        server.conditions.latency.update(PROFILES[sys.argv[1]])
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
