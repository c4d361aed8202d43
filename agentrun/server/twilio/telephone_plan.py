"""Finds the agent that a Twilio request is for."""

from __future__ import annotations

from fastapi import HTTPException

from agentrun.plan.plan import Plan
from agentrun.server.calls.switchboard import Switchboard


def find(switchboard: Switchboard, agent: str) -> Plan | None:
    """The plan of an agent that answers the telephone here; None for any other name."""
    plan = switchboard.plans.get(agent)
    return plan if plan and plan.has_transport("twilio") else None


def require(switchboard: Switchboard, agent: str) -> Plan:
    """The same; raises HTTPException, 404, for any other name."""
    if plan := find(switchboard, agent):
        return plan
    raise HTTPException(404, f"no agent '{agent}' answers the telephone here")
