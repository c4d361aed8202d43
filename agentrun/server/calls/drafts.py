"""Plans of edited specs that are not saved yet, which only the page can call."""

from __future__ import annotations

import secrets

from agentrun.pipeline import local_models
from agentrun.pipeline.services import construct
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.server.calls.mcp_tools import RemoteTools

MOST = 20
"""Of one server; the oldest is forgotten for a new one."""


class DraftPlans:
    """Plans that calls can be held with: ``resources`` and ``remote`` are those of all calls."""

    def __init__(self, resources: Resources, remote: RemoteTools) -> None:
        self._resources = resources
        self._remote = remote
        self._plans: dict[str, Plan] = {}

    def prepare(self, plan: Plan) -> None:
        """Have what ``plan`` needs loaded, and its MCP servers connected, whether it is a draft or served.

        Raises SetupError when a service's libraries can't be imported, or it refuses a setting.
        """
        construct.try_out(plan, self._resources)
        local_models.load(plan)
        self._remote.open(plan)

    def keep(self, plan: Plan) -> str:
        """Keep ``plan``; what is returned names it, and nobody can guess it. Raises as ``prepare`` does."""
        self.prepare(plan)
        name = secrets.token_urlsafe(16)
        self._plans[name] = plan
        while len(self._plans) > MOST:
            del self._plans[next(iter(self._plans))]
        return name

    def find(self, agent: str, name: str) -> Plan | None:
        """The draft ``name`` of ``agent``; None where it was forgotten, or never was."""
        plan = self._plans.get(name)
        return plan if plan and plan.spec.name == agent else None

    @property
    def plans(self) -> list[Plan]:
        """Those that a call can still be held with."""
        return list(self._plans.values())

    def holds(self, plan: Plan) -> bool:
        """Whether ``plan`` is a draft's."""
        return any(plan.file is draft.file for draft in self._plans.values())
