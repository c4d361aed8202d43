"""The plans of specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agentrun import plugins
from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.browser import availability
from agentrun.server.lifecycle.options import Options
from agentrun.spec.loading.spec_file import SpecFile

if TYPE_CHECKING:
    from agentrun.server.lifecycle.offline import Offline


def make_plans(
    files: Sequence[SpecFile], environ: Mapping[str, str], options: Options, offline: Offline | None
) -> dict[str, Plan]:
    """A plan for each agent, by name; raises SetupError when a key is missing."""
    plans = {file.spec.name: make_plan(file, environ, options, offline) for file in files}
    if not plans:
        raise SetupError("no spec was given", "agentrun serve agents/ncaa.yaml")
    return plans


def make_plan(file: SpecFile, environ: Mapping[str, str], options: Options, offline: Offline | None) -> Plan:
    """The plan of one agent; raises SpecError, PluginError, and SetupError when a key is missing."""
    loaded = plugins.load_all(file)
    env = {**environ, **offline.environ(file.spec.name)} if offline else environ
    plan = planning.make(
        file,
        loaded.tools,
        env,
        offline=options.offline,
        public_url=options.public_url,
        hooks=loaded.hooks,
    )
    if options.dispatch is None:
        plan.require_keys()
        availability.require(plan)
    return plan
