"""Actions before and after a flow's node, which don't involve the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pipecat.flows import FlowManager
from pipecat.flows.types import ActionConfig
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.pipeline import pipecat_private
from agentrun.pipeline.session_listener import SessionListener
from agentrun.spec.models.flow import FlowAction, FlowNode
from agentrun.spec.values import placeholders

_TAKEN_SECONDS = 0.5
_ANSWERED_SECONDS = 15.0


@dataclass(frozen=True)
class NodeActions:
    """The actions of one call's nodes; ``run`` runs the tool of one, ``model`` is the model that answers."""

    call: Call
    listener: SessionListener
    run: Callable[[FlowAction, FlowManager], Awaitable[None]]
    model: Callable[[], FrameProcessor | None]

    async def before(self, node: FlowNode, manager: FlowManager, *, again: bool = False) -> bool:
        """What comes before a node, or is all of it; whether the caller has cut words of it off.

        ``again`` is whether it was entered before, in another process: nothing is done twice.
        """
        if again:
            return False
        after = node.post_actions if node.then else ()
        said = (FlowAction(type="tts_say", text=node.say),) if node.say else ()
        cut = False
        for action in (*node.pre_actions, *said, *after):
            if self.listener.over:
                break
            cut = await self._do(action, manager) or cut
        return cut

    def after(self, name: str, node: FlowNode) -> list[ActionConfig]:
        """A Pipecat action that runs once the agent has spoken at a node."""
        return [self._config(name, action) for action in node.post_actions]

    def _config(self, node: str, action: FlowAction) -> ActionConfig:
        """An action with a unique name, since Pipecat has one handler per name."""

        async def act(_action: dict[str, Any], manager: FlowManager) -> None:
            await self._answered()
            await self._do(action, manager)

        return {"type": f"{node}:{id(action)}", "handler": act}

    async def _do(self, action: FlowAction, manager: FlowManager) -> bool:
        if action.tool:
            await self.run(action, manager)
            return False
        words = placeholders.fill(action.text or "", manager.state)
        if action.type == "end_conversation":
            return not await self._end(words)
        line = self.listener.line
        return not await line.announce(words, remembered=action.append_text_to_context)

    async def _end(self, words: str) -> bool:
        """End the call; not where the caller speaks over ``words``, who is answered at the node then."""
        try:
            await self.call.hang_up(words)
        except ToolError:
            return False
        return True

    async def _answered(self) -> None:
        """Wait until the caller has heard the answer; a realtime model gives it when it likes."""
        llm = self.model()
        if isinstance(llm, OpenAIRealtimeLLMService):
            await pipecat_private.wait_until_answering(llm, True, _TAKEN_SECONDS)
            await pipecat_private.wait_until_answering(llm, False, _ANSWERED_SECONDS)
        await self.listener.line.heard()
