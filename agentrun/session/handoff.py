"""Hands a call off from one agent to another."""

from __future__ import annotations

from dataclasses import dataclass

from loguru import logger

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.pipeline import handoff
from agentrun.pipeline.flows.flow import CallFlow
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.tools import functions
from agentrun.plan.plan import Plan
from agentrun.session.call_control import SessionCallControl
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.remedies import Remedies
from agentrun.session.variables.call_variables import CallVariables


@dataclass(frozen=True)
class Handoff:
    """Hands the call off to one of the handoff targets of ``plan``."""

    plan: Plan
    call: Call
    parts: PipelineParts
    resources: Resources
    listener: SessionListener
    variables: CallVariables
    flow: CallFlow | None
    line: SessionCallControl
    idle: IdlePrompts
    remedies: Remedies

    async def to(self, name: str) -> None:
        """Hand off to the agent ``name``; raises ToolError if there is none."""
        plan = self.plan if name == self.plan.spec.name else self.plan.handoff_targets.get(name)
        if plan is None:
            there = ", ".join(self.plan.handoff_targets) or "nobody"
            raise ToolError(f"There is no colleague {name}; there is: {there}.")
        logger.info("call {}: {} goes on", self.call.id, name)
        if not plan.spec.record.may_listen:
            self.line.sound.close(f"{name}, which the call was handed to, may not be listened to")
        # announcements use the texts of the agent that speaks from now on
        self.line.wait_words = plan.spec.prompts.wait
        self.remedies.repeat = plan.spec.prompts.repeat
        await self.idle.go_on_with(plan.spec.turns.idle)
        await self.with_plan(plan, self.variables.go_on_as(plan))

    async def with_plan(self, plan: Plan, system: str) -> None:
        """Switch to the services and tools of ``plan``, with the system prompt ``system``."""
        offered = functions.schemas(plan.tools, self.call, self.listener)
        if self.flow:
            self.flow.services.go_on_as(plan)
        await handoff.go_on_as(plan, system, offered, self.parts, self.resources)
