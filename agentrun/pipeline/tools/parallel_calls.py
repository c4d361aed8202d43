"""Parallel tool calls of one answer: the model goes on when the last one has ended.

Pipecat 1.14 counts them itself for a cascade; to it, every tool of a realtime model is alone, and the model
would answer after the first of several. The call's ledger counts them, whatever offered them: the agent's
tools, a flow's functions, a handoff target's, or a name that the model made up.
"""

from __future__ import annotations

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private

_CALLING_SECONDS = 5.0


async def all_called(llm: FrameProcessor | None) -> bool:
    """Wait until a realtime ``llm`` has called everything that it will call; whether it is one."""
    if not isinstance(llm, OpenAIRealtimeLLMService):
        return False
    await pipecat_private.wait_until_answering(llm, False, _CALLING_SECONDS)
    return True
