"""Checks at startup which agents a server can dispatch."""

from __future__ import annotations

from collections.abc import Iterable

from agentrun.deploy.pipecat_cloud import checks
from agentrun.errors import SetupError, SpecError
from agentrun.plan.plan import Plan
from agentrun.server.lifecycle.options import Options


def require(plans: Iterable[Plan], options: Options) -> None:
    """Raise SpecError for what can't be there, and SetupError for options that mean nothing then."""
    if options.limits.calls == "auto":
        raise SetupError(
            "--max-calls auto counts what this server carries, and --dispatch has calls answered elsewhere",
            "write a number, such as the max_agents of pcc-deploy.toml, or none",
        )
    if options.capacity is not None:
        raise SetupError(
            "--capacity is what this server carries, and --dispatch has calls answered elsewhere",
            "write --max-calls",
        )
    for option, is_on in (("--offline", options.offline), ("--eval", options.evals)):
        if is_on:
            words = f"{option} answers calls here, and --dispatch elsewhere"
            raise SetupError(words, "leave out one of them")
    problems = sorted(each for plan in plans for each in checks.of_dispatched(plan.file))
    if any(each.severity == "error" for each in problems):
        raise SpecError(problems)
