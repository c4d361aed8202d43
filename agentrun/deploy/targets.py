"""Every place that agents can be brought to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from agentrun.deploy import server_checks
from agentrun.deploy.bot import files as bot
from agentrun.deploy.compose import files as compose
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.helm import files as helm
from agentrun.deploy.image import files as image
from agentrun.deploy.kubernetes import files as kubernetes
from agentrun.deploy.pipecat_cloud import checks as pipecat_cloud_checks
from agentrun.deploy.pipecat_cloud import files as pipecat_cloud
from agentrun.deploy.systemd import files as systemd
from agentrun.errors import Problem, SetupError
from agentrun.plan.plan import Plan


def _nothing(_plan: Plan, _environ: Mapping[str, str]) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Target:
    """What is written for a place, which commands bring it there, and what can't be there.

    ``single`` takes one agent; ``packaged`` brings this copy of the package along;
    ``public`` is asked for over an address that has to be known; ``sized`` has replicas that are sized by
    what one carries. ``dispatched_problems`` is what can't be there where `agentrun serve --dispatch` starts
    the sessions, None where it can't.
    """

    files: Callable[[Deployment], dict[str, bytes]]
    commands: Callable[[Deployment], list[list[str]]]
    problems: Callable[[Plan, Mapping[str, str]], Iterable[Problem]] = _nothing
    single: bool = False
    packaged: bool = True
    public: bool = False
    sized: bool = False
    dispatched_problems: Callable[[Plan, Mapping[str, str]], Iterable[Problem]] | None = None

    def problems_with(
        self, plan: Plan, environ: Mapping[str, str], *, dispatched: bool = False
    ) -> Iterable[Problem]:
        """What is wrong with ``plan`` there; raises SetupError where nothing can be dispatched to it."""
        if not dispatched:
            return self.problems(plan, environ)
        if self.dispatched_problems is None:
            raise SetupError("--dispatched is for --target pipecat-cloud", "leave it out")
        return self.dispatched_problems(plan, environ)


TARGETS: Mapping[str, Target] = {
    "bot": Target(bot.files, bot.commands, bot.problems, single=True, packaged=False),
    "compose": Target(compose.files, compose.commands, server_checks.problems, public=True),
    "helm": Target(helm.files, helm.commands, server_checks.replicated, public=True, sized=True),
    "image": Target(image.files, image.commands, server_checks.problems),
    "kubernetes": Target(
        kubernetes.files, kubernetes.commands, server_checks.replicated, public=True, sized=True
    ),
    "pipecat-cloud": Target(
        pipecat_cloud.files,
        pipecat_cloud.commands,
        pipecat_cloud_checks.problems,
        single=True,
        dispatched_problems=pipecat_cloud_checks.dispatched_problems,
    ),
    "systemd": Target(systemd.files, systemd.commands, server_checks.problems, public=True),
}
