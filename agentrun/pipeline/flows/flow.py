"""Runs Pipecat Flows with the agent's tools as its functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pipecat.flows import (
    NO_RESPONSE,
    ContextStrategy,
    ContextStrategyConfig,
    FlowManager,
    FlowsFunctionSchema,
)
from pipecat.flows.exceptions import FlowError
from pipecat.flows.types import NodeConfig
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.call import Call
from agentrun.pipeline import pipecat_private
from agentrun.pipeline.flows import transitions
from agentrun.pipeline.flows.flow_worker import FlowWorker
from agentrun.pipeline.flows.node_actions import NodeActions
from agentrun.pipeline.flows.node_services import NodeServices
from agentrun.pipeline.flows.position import FlowPosition
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.tools import functions, parallel_calls
from agentrun.plan.plan import Plan
from agentrun.records.resumption import Resumption
from agentrun.spec.models.flow import Flow, FlowAction, FlowFunction, FlowNode
from agentrun.spec.models.idle import AnyIdle
from agentrun.spec.models.telephone_keys import Keys
from agentrun.spec.models.tools.extracted_fields import ExtractedField
from agentrun.tools.results.outcome import Outcome

Handler = Callable[[dict[str, Any], FlowManager], Awaitable[Any]]
Names = Callable[[], dict[str, Any]]


class CallFlow:
    """Runs the flow of one call.

    ``names`` gives what ``{{ … }}`` in the nodes' texts, and conditions, can name at that moment.
    """

    def __init__(
        self,
        flow: Flow,
        plan: Plan,
        call: Call,
        listener: SessionListener,
        services: NodeServices,
        names: Names,
    ) -> None:
        self._flow = flow
        self.services = services
        """The service settings of each node."""
        self._tools = {tool.name: tool for tool in plan.tools}
        self._call = call
        self._listener = listener
        self._names = names
        self._llm: FrameProcessor | None = None
        self._manager: FlowManager | None = None
        self._actions = NodeActions(call, listener, self._run_tool, lambda: self._llm)
        self._nodes = {name: self._node(name, node) for name, node in flow.nodes.items()}
        self._position = FlowPosition(flow, self._nodes, self._actions, call, listener, services, names)

    @property
    def speaks_first(self) -> bool:
        """Whether the model speaks before the caller, unless its prompts say otherwise."""
        return bool(self._nodes[self._flow.initial_node]["respond_immediately"])

    @property
    def role(self) -> str | None:
        """The role message in effect, as written in the spec; empty if no node has set one."""
        return self._position.role

    @property
    def node(self) -> str:
        """The name of the current node, or of the one being entered."""
        return self._position.place

    @property
    def role_node(self) -> str:
        """The last node that has said who the agent is; empty where none has."""
        return self._position.role_node

    @property
    def interruptions(self) -> bool:
        """Whether the caller may interrupt the agent at the node that they are at."""
        return self._position.interruptions

    @property
    def fields(self) -> Mapping[str, ExtractedField]:
        """The fields that are extracted at the current node."""
        return self._position.node.extract

    @property
    def keys(self) -> Keys | None:
        """The meaning of telephone keys at the current node, if it has its own."""
        return self._position.node.keys

    @property
    def idle(self) -> AnyIdle | None:
        """The idle stages of the current node, if it has its own."""
        return self._position.node.idle

    async def choose(self, name: str) -> bool | None:
        """A caller has chosen a node by key, for ``go``; whether the agent speaks there, None if in vain."""
        if self._manager is None:
            return None
        try:
            await self._position.enter(name, self._manager)
        except transitions.FlowStepError as error:
            self._listener.step_failed(str(error))
            return None
        return self._flow.nodes[name].speaks or self._flow.nodes[name].then is not None

    async def go(self, name: str) -> None:
        """Enter the node that was chosen; what is said on the way has been heard when this returns."""
        if self._manager and self._position.at == name:
            try:
                await self._manager.set_node_from_config(self._nodes[name])
            except FlowError as error:
                self._listener.step_failed(str(error))

    async def start(
        self, worker: PipelineWorker, parts: PipelineParts, *, speaks: bool, earlier: Resumption | None = None
    ) -> None:
        """Enter the first node, or where ``earlier`` says; the model answers at once where it ``speaks``."""
        self._llm = parts.llm
        manager = self._manager = pipecat_private.ArrivingFlowManager(
            self._position.arrive,
            llm=parts.llm,
            context_aggregator=parts.aggregators,
            worker=FlowWorker(worker, parts.llm),
            global_functions=[self._function(function) for function in self._flow.global_functions],
        )
        manager.state.update(self._names())
        await self._listener.line.count_silence_anew()
        node = await self._resumed(earlier, manager) if earlier else self._nodes[self._flow.initial_node]
        await manager.initialize({**node, "respond_immediately": speaks})

    async def _resumed(self, earlier: Resumption, manager: FlowManager) -> NodeConfig:
        """The node that a call was at elsewhere, as who it was there, or the first if it can't be entered."""
        if (role := self._flow.nodes.get(earlier.role_node)) and role.role_message:
            self._position.role_node = earlier.role_node
        first = self._flow.initial_node
        try:
            await self._position.enter(earlier.node if earlier.node in self._nodes else first, manager)
        except transitions.FlowStepError as error:
            self._listener.step_failed(str(error))
            await self._position.enter(first, manager)
        name = self._position.entered_before()
        return self._node(name, transitions.entered_before(self._flow.nodes[name], self.role))

    def _node(self, name: str, node: FlowNode) -> NodeConfig:
        config: NodeConfig = {
            "name": name,
            "task_messages": [message.model_dump() for message in node.task_messages],
            "functions": [self._function(function) for function in node.functions],
            "post_actions": self._actions.after(name, node),
            "respond_immediately": node.respond_immediately and not (node.say and node.then is None),
        }
        if node.context_strategy:
            config["context_strategy"] = ContextStrategyConfig(ContextStrategy(node.context_strategy))
        if node.role_message:
            config["role_message"] = node.role_message
        return config

    def _function(self, function: FlowFunction) -> FlowsFunctionSchema:
        if function.transition_only:
            return FlowsFunctionSchema(function.name, function.description or "", {}, [], self._way(function))
        tool = self._tools[function.name]
        return FlowsFunctionSchema(
            name=tool.name,
            description=tool.description,
            properties=dict(tool.parameters.get("properties", {})),
            required=list(tool.parameters.get("required", ())),
            handler=self._tool(function),
            cancel_on_interruption=tool.on_interrupt == "cancel",
        )

    def _way(self, function: FlowFunction) -> Handler:
        async def go_on(_: dict[str, Any], manager: FlowManager) -> tuple[object, NodeConfig | None]:
            try:
                return None, await self._next(function, None, manager)
            except transitions.FlowStepError as error:
                return self._failed(error), None

        return go_on

    def _tool(self, function: FlowFunction) -> Handler:
        async def work(arguments: dict[str, Any], manager: FlowManager) -> tuple[object, Any]:
            with self._listener.line.tools.at_work() as is_last:
                outcome, data = await self._run(function.name, arguments, manager)
                waits = await parallel_calls.all_called(self._llm)
            if outcome.silent:
                return data, NO_RESPONSE
            try:
                # a tool that did not do its work leaves the caller where they are
                node = await self._next(function, outcome, manager) if outcome.status == "ok" else None
            except transitions.FlowStepError as error:
                return self._failed(error), None
            silent = self._listener.over or (waits and not node and not is_last())
            return data, NO_RESPONSE if silent else node

        return work

    async def _run_tool(self, action: FlowAction, manager: FlowManager) -> None:
        await self._run(str(action.tool), action.arguments, manager)

    async def _run(
        self, name: str, arguments: Mapping[str, Any], manager: FlowManager
    ) -> tuple[Outcome, object]:
        outcome = await functions.run(self._tools[name], self._call, arguments, self._listener)
        manager.state.update(self._names())
        return outcome, functions.as_data(outcome.text)

    async def _next(self, way: FlowFunction, ran: Outcome | None, manager: FlowManager) -> NodeConfig | None:
        """The next node, whose texts can be filled in; raises FlowStepError where there can be none."""
        with transitions.on_the_way(self._listener):
            name = await transitions.following(way, ran, self._names, self._listener)
            return None if name is None else await self._position.enter(name, manager)

    def _failed(self, error: transitions.FlowStepError) -> dict[str, str]:
        """What the model is told of a step that can't be taken; the caller stays where they are."""
        self._listener.step_failed(str(error))
        return {"status": "error", "error": str(error)}


def of(
    plan: Plan,
    call: Call,
    listener: SessionListener,
    parts: PipelineParts,
    resources: Resources,
    names: Names,
) -> CallFlow | None:
    """The flow of a call, where its spec has one."""
    if plan.spec.flow is None:
        return None
    services = NodeServices(plan, parts, resources)
    return CallFlow(plan.spec.flow, plan, call, listener, services, names)
