"""For models that require alternating user and assistant messages."""

from __future__ import annotations

from typing import Any

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.base_llm import BaseOpenAILLMService

from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.pipeline.services.alternating_roles import OPENING, alternating

_ALTERNATES = "agentrun_alternates"


def alternate_roles(llm: FrameProcessor) -> bool:
    """Have ``llm`` send its next requests in roles that alternate; False where it does, or can't."""
    if not isinstance(llm, BaseOpenAILLMService) or getattr(llm, _ALTERNATES, False):
        return False

    def build(params_from_context: Any) -> dict[str, Any]:
        wanted = built(params_from_context)
        return {**wanted, "messages": alternating(wanted["messages"])}

    built = replace_method(llm, "build_chat_completion_params", build)
    setattr(llm, _ALTERNATES, True)
    return True


def begin_with_user(llm: object) -> None:
    """Have Amazon Bedrock's conversations begin with the user, as it wants them; others are left alone.

    A fixed greeting is the agent's, and the first answer behind it would be refused:
    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
    """
    if not is_replaceable(llm, "_create_converse_stream"):
        return

    async def create_converse_stream(client: Any, request_params: Any) -> Any:
        return await converse(client, {**request_params, "messages": _begun(request_params["messages"])})

    converse = replace_method(llm, "_create_converse_stream", create_converse_stream)


def _begun(messages: list[Any]) -> list[Any]:
    if messages and messages[0]["role"] != "assistant":
        return messages
    return [{"role": "user", "content": [{"text": OPENING}]}, *messages]
