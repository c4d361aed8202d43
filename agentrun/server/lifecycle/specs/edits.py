"""Applies edits of specs while a server runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agentrun import logs
from agentrun.plan.plan import Plan
from agentrun.records.redaction.redaction import Redaction
from agentrun.server.calls import drafts
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.specs import files as spec_files
from agentrun.server.lifecycle.specs.server_plans import make_plan, public_urls, require_servable
from agentrun.spec.loading.spec_file import SpecFile

if TYPE_CHECKING:
    from agentrun.server.lifecycle.offline import Offline


class SpecEdits:
    """Does with one edited spec what the server did with all of them when it started.

    ``urls`` are the public addresses of the agents that are served, which change with their plans. A plan's
    secrets stay out of the log as soon as it is made, also while it is a draft.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        environ: Mapping[str, str],
        options: Options,
        offline: Offline | None,
        urls: dict[str, str],
    ) -> None:
        self._switchboard = switchboard
        self._environ = environ
        self._options = options
        self._offline = offline
        self._urls = urls
        self._edited: deque[Redaction] = deque(maxlen=2 * drafts.MOST)

    def load(self, path: Path) -> SpecFile:
        """The spec as it is now; raises SpecError."""
        return spec_files.load([path], self._options.overrides, self._options.style)[0]

    def make(self, file: SpecFile) -> Plan:
        """Its plan; raises SpecError, PluginError or SetupError for one that can't be served."""
        plan = make_plan(file, self._environ, self._options, self._offline)
        require_servable([plan], self._options)
        self._protect(plan)
        return plan

    async def put(self, plan: Plan) -> None:
        """Have the next call of the agent run by ``plan``; nothing changes where that raises SetupError."""
        self._protect(plan)
        if self._options.dispatch:
            self._switchboard.plans = {**self._switchboard.plans, plan.spec.name: plan}
        else:
            await self._switchboard.replace(plan)
        self._urls.update(public_urls([plan]))

    def _protect(self, plan: Plan) -> None:
        self._edited.append(plan.redaction)
        served = (each.redaction for each in self._switchboard.plans.values())
        logs.protect((*served, *self._edited))
