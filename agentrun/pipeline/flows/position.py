"""Where a caller is in a flow, and moves to the next node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger
from pipecat.flows import FlowManager
from pipecat.flows.types import NodeConfig
from pipecat.frames.frames import LLMMessagesAppendFrame

from agentrun.call import Call, NoLineError
from agentrun.pipeline.flows import transitions
from agentrun.pipeline.flows.node_actions import NodeActions
from agentrun.pipeline.flows.node_services import NodeServices
from agentrun.pipeline.flows.transitions import FlowStepError
from agentrun.pipeline.session_listener import Next, SessionListener
from agentrun.spec.models.flow import Flow, FlowNode
from agentrun.spec.values import conditions, placeholders


class FlowPosition:
    """The node that a caller is at, or on the way to; ``configs`` are the flow's nodes for Pipecat."""

    def __init__(
        self,
        flow: Flow,
        configs: Mapping[str, NodeConfig],
        actions: NodeActions,
        call: Call,
        listener: SessionListener,
        services: NodeServices,
        names: Callable[[], dict[str, Any]],
    ) -> None:
        self._flow = flow
        self._configs = configs
        self._actions = actions
        self._call = call
        self._listener = listener
        self._services = services
        self._names = names
        self.at = flow.initial_node
        """The name of the node."""
        self.role_node = self.at if flow.nodes[self.at].role_message else ""
        """The last node that has said who the agent is; empty where none has."""
        self._been_at = ""
        self._model_is_at = self.at
        self._arrivals = 0

    @property
    def interruptions(self) -> bool:
        """Whether the caller may interrupt the agent."""
        return self._services.interruptions(self.at)

    @property
    def role(self) -> str | None:
        """Who the agent is, as the spec has it, where a node has said so."""
        return self._flow.nodes[self.role_node].role_message if self.role_node else None

    @property
    def node(self) -> FlowNode:
        """The node where the caller is waited for: the one that they are at, or are being led to."""
        return self._flow.nodes[self.place]

    @property
    def place(self) -> str:
        """Its name."""
        name = self.at
        for _ in self._flow.nodes:
            following = transitions.by_itself(self._flow.nodes[name], self._names())
            if following not in self._flow.nodes:
                break
            name = following
        return name

    def entered_before(self) -> str:
        """The node that they are at was entered in another process: what comes before it has been done."""
        self._been_at = self.at
        return self.at

    async def enter(self, name: str, manager: FlowManager) -> NodeConfig:
        """A node whose texts can be filled in, which they are at from now on; raises FlowStepError.

        Whoever is on the way to another one is not led there any more.
        """
        await self._fill_in(name, manager)
        self._arrivals += 1
        await self._move(name)
        return self._configs[name]

    async def arrive(self, config: NodeConfig, manager: FlowManager) -> NodeConfig | None:
        """Do what comes before a node, and go through those that go on by themselves.

        None where none is to be set: the call ends, or the caller has chosen another way meanwhile.
        """
        self._arrivals += 1
        way = self._listener.way_began()
        following: Next = "nobody"
        try:
            end, cut = await self._arrive(config["name"], manager, self._arrivals)
            if end is None:
                return None
            # what is to be entered may have been told more than its node: that it has been entered before
            node = config if end["name"] == config["name"] else end
            speaks = node["respond_immediately"] and config["respond_immediately"] and not cut
            following = "model" if speaks else "nobody" if cut else "caller"
            return {**node, "respond_immediately": speaks}
        except (FlowStepError, placeholders.MissingValueError) as error:
            following = "model"
            await self._stay(str(error), manager)
        except NoLineError:
            logger.debug("call {}: ended on the way to node {}", self._call.id, self.at)
        finally:
            if not self._listener.over:
                self._services.mute(False)
            self._listener.way_ended(way, following)
        return None

    async def _arrive(self, name: str, manager: FlowManager, arrival: int) -> tuple[NodeConfig | None, bool]:
        """The node at the end of the way, and whether the caller has interrupted words on it."""
        cut = False
        for _ in self._flow.nodes:
            node = self._flow.nodes[name]
            for frame in self._services.at(name):
                await manager.worker.queue_frame(frame)
            again, self._been_at = self._been_at == name, ""
            cut = await self._actions.before(node, manager, again=again) or cut
            following = await self._following(node)
            if following and following in self._flow.nodes:
                await self._fill_in(following, manager)
            if arrival != self._arrivals or self._listener.over:
                return None, cut
            if following is None:
                self._model_is_at = name
                return self._configs[name], cut
            if self._flow.ends(following):
                await self._call.hang_up("")
                return None, cut
            name = following
            await self._move(name)
        raise FlowStepError(f"node '{name}' is come to again and again without waiting for the caller")

    async def _move(self, name: str) -> None:
        self.at = name
        self.role_node = name if self._flow.nodes[name].role_message else self.role_node
        await self._listener.line.count_silence_anew()

    async def _following(self, node: FlowNode) -> str | None:
        """Where a node leads to by itself; None where it waits for the caller."""
        if isinstance(node.then, tuple):
            await self._listener.settled([path for way in node.then for path in way.when or ()])
            for trouble in conditions.troubles(node.then, self._names()):
                self._listener.noted(f"not_compared: {trouble}")
        return transitions.by_itself(node, self._names())

    async def _stay(self, error: str, manager: FlowManager) -> None:
        """The model goes on where it is, and is told why."""
        self._listener.step_failed(error)
        self.at = self._model_is_at
        for frame in self._services.at(self.at):
            await manager.worker.queue_frame(frame)
        message: Any = {"role": "developer", "content": f"The next step can't be taken: {error}"}
        await manager.worker.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))

    async def _fill_in(self, name: str, manager: FlowManager) -> None:
        """Have everything that a node's texts name; raises FlowStepError."""
        try:
            await transitions.fill_in(self._flow.nodes[name], self._names, self._listener, manager.state)
        except placeholders.MissingValueError as error:
            raise FlowStepError(f"node '{name}' can't be entered: {error}") from None
