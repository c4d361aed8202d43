"""The stand-in for OpenAI that benchmarks ask: scripted engines, with the delays of a profile.

``python benchmarks/standin.py PROFILE``: serves on a free loopback port, which it prints. A short question
gets words, a long one a tool call and then words.
"""

from __future__ import annotations

import asyncio
import sys

from loguru import logger

from agentrun.simulate.doubles import ToneVoice
from agentrun.simulate.engines import Answer, Conversation, ToolCall
from agentrun.simulate.faults import Route
from agentrun.simulate.openai import OpenAIServer

PROFILES: dict[str, dict[Route, float]] = {
    "zero": {},
    "realistic": {"transcriptions": 0.3, "chat": 0.35, "speech": 0.25, "responses": 0.4},
}
LONG_SECONDS = 3.2
HELLO, WORDS = "Hello, this is the restaurant.", "We are open this evening from six until eleven."
LONG = " ".join(["There is a long story behind that, and I will tell you all of it."] * 3)
SHORT = "As you like."


class Hearing:
    """Tells questions apart by their length."""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words that stand for a short or a long question."""
        del prompt
        long = len(pcm) / 2 / sample_rate > LONG_SECONDS
        return "Please look it up." if long else "Tell me the story."


class Brain:
    """Greets, calls a tool, tells its result, or tells a long story."""

    async def answer(self, conversation: Conversation) -> Answer:
        """What comes next."""
        last = conversation.messages[-1] if conversation.messages else {}
        content = str(last.get("content"))
        if last.get("role") == "tool" or "six to eleven" in content:
            return Answer(WORDS)
        if "look it up" in content:
            return Answer(calls=(ToolCall("get_hours"),))
        told = any("long story" in str(message.get("content")) for message in conversation.messages)
        return Answer((SHORT if told else LONG) if "story" in content else HELLO)


async def main() -> None:
    """Serve until the process is ended."""
    logger.remove()
    async with OpenAIServer(Hearing(), ToneVoice(), Brain()) as server:
        profile = dict(PROFILES[sys.argv[1]])
        server.conditions.latency.update(profile)
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
