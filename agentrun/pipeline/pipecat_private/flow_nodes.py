"""Runs code before Pipecat sets a flow's node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.flows import FlowManager
from pipecat.flows.types import NodeConfig

Arrive = Callable[[NodeConfig, FlowManager], Awaitable[NodeConfig | None]]
"""Given the node that is to be entered, gives the one to set instead; None sets none."""


class ArrivingFlowManager(FlowManager):
    """A FlowManager that asks ``arrive`` which node it is to set.

    Pipecat 1.14 sets the node that a function names, once the function's result is in the conversation. Nodes
    that go on by themselves can be gone through only then, and where they lead to is known only behind them.
    """

    def __init__(self, arrive: Arrive, **options: Any) -> None:
        super().__init__(**options)
        self._arrive = arrive

    async def _set_node(self, node_id: str, node_config: NodeConfig) -> None:
        node = await self._arrive(node_config, self)
        if node is not None:
            await super()._set_node(node.get("name", node_id), node)
