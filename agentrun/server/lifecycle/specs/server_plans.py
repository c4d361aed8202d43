"""Makes the plans of a server from its specs, and requires that its options can serve them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from agentrun import plugins
from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.auth import call_access
from agentrun.server.browser import availability
from agentrun.server.dispatch import dispatchable
from agentrun.server.lifecycle.options import Options
from agentrun.server.records import record_keeping
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


def require_servable(plans: Collection[Plan], options: Options) -> None:
    """Raise SpecError or SetupError where one of ``plans`` can't be served as the options say."""
    if options.dispatch:
        dispatchable.require(plans, options)
    for plan in plans:
        _require_public_url(plan, options.host)
    for plan in plans:
        record_keeping.require(plan, options)


def public_urls(plans: Collection[Plan]) -> dict[str, str]:
    """Where Twilio reaches each agent, by name, as far as that is known."""
    return {plan.spec.name: plan.public_url for plan in plans if plan.public_url}


def _require_public_url(plan: Plan, host: str) -> None:
    """Twilio signs the address that it calls: off loopback nobody can be let in without knowing it."""
    if plan.has_transport("twilio") and not plan.public_url and not call_access.is_loopback(host):
        raise SetupError(
            f"agent '{plan.spec.name}' answers Twilio on {host}, and its public address is not known",
            "add --public-url https://…, or transport: {type: twilio, public_url: https://…}",
        )
