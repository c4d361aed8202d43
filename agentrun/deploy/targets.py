"""Every place that agents can be brought to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from agentrun.deploy import server
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import files as image
from agentrun.deploy.pipecat_cloud import checks as pipecat_cloud_checks
from agentrun.deploy.pipecat_cloud import files as pipecat_cloud
from agentrun.errors import Problem
from agentrun.plan.plan import Plan


def _nothing(_plan: Plan, _environ: Mapping[str, str]) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Target:
    """What is written for a place, which commands bring it there, and what can't be there.

    ``single`` takes one agent; ``packaged`` brings this copy of the package along.
    """

    files: Callable[[Deployment], dict[str, bytes]]
    commands: Callable[[Deployment], list[list[str]]]
    problems: Callable[[Plan, Mapping[str, str]], Iterable[Problem]] = _nothing
    single: bool = False
    packaged: bool = True


TARGETS: Mapping[str, Target] = {
    "image": Target(image.files, image.commands, server.problems),
    "pipecat-cloud": Target(
        pipecat_cloud.files, pipecat_cloud.commands, pipecat_cloud_checks.problems, single=True
    ),
}
