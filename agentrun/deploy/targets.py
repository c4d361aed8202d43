"""All deployment targets, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from agentrun.deploy import (
    asked_addresses,
    asked_programs,
    copied_secrets,
    public_address,
    remarks,
    server_checks,
)
from agentrun.deploy.bot import files as bot
from agentrun.deploy.compose import files as compose
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.helm import files as helm
from agentrun.deploy.image import files as image
from agentrun.deploy.kubernetes import files as kubernetes
from agentrun.deploy.pipecat_cloud import checks as pipecat_cloud_checks
from agentrun.deploy.pipecat_cloud import files as pipecat_cloud
from agentrun.deploy.systemd import files as systemd
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan.plan import Plan


def _no_remarks(_wanted: Deployment) -> list[str]:
    return []


def _nothing(_plan: Plan, _environ: Mapping[str, str]) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Target:
    """What is written for a place, which commands bring it there, and what can't be there.

    ``options`` are the names of what it can be told. ``single`` takes one agent; ``packaged`` brings this
    copy of the package along; ``public`` is asked for over an address that has to be known, at any port with
    ``ports``; ``sized`` has replicas that are sized by what one carries. ``secrets`` is the file that holds
    them, beside what is written. ``remarks`` say what people do once the commands have been run.
    ``dispatched_problems`` is what can't be there where `agentrun serve --dispatch` starts the sessions, None
    where it can't. ``itself`` is what an agent is in there, which loopback leads to; "" is this machine.
    ``near`` are the ends of names that hosts have there alone.
    """

    files: Callable[[Deployment], dict[str, bytes]]
    commands: Callable[[Deployment], list[list[str]]]
    problems: Callable[[Plan, Mapping[str, str]], Iterable[Problem]] = _nothing
    options: Collection[str] = ()
    single: bool = False
    packaged: bool = True
    public: bool = False
    ports: bool = False
    sized: bool = False
    secrets: str | None = "secrets.env"
    remarks: Callable[[Deployment], list[str]] = _no_remarks
    dispatched_problems: Callable[[Plan, Mapping[str, str]], Iterable[Problem]] | None = None
    itself: str = "the container"
    near: Collection[str] = ()

    def problems_with(
        self, plan: Plan, environ: Mapping[str, str], *, dispatched: bool = False
    ) -> Iterable[Problem]:
        """What is wrong with ``plan`` there; raises SetupError where nothing can be dispatched to it."""
        found = self.dispatched_problems if dispatched else self.problems
        if found is None:
            raise SetupError("--dispatched is for --target pipecat-cloud", "leave it out")
        addresses = asked_addresses.problems(plan, self.itself, self.near) if self.itself else ()
        programs = asked_programs.problems(plan) if self.itself else ()
        return [*found(plan, environ), *addresses, *programs, *copied_secrets.problems(plan)]


_in_a_cluster = partial(
    Target,
    problems=server_checks.replicated,
    options=("name", "public_url", "image", "calls", "bench"),
    public=True,
    sized=True,
    remarks=remarks.cluster,
    near=(".cluster.local",),
)
TARGETS: Mapping[str, Target] = {
    "bot": Target(
        bot.files,
        bot.commands,
        bot.problems,
        single=True,
        packaged=False,
        secrets=".env",
        remarks=bot.remarks,
        itself="",
    ),
    "compose": Target(
        compose.files,
        compose.commands,
        server_checks.problems,
        ("name", "public_url", "image"),
        public=True,
        remarks=remarks.telephone,
        near=("host.docker.internal",),
    ),
    "helm": _in_a_cluster(helm.files, helm.commands),
    "image": Target(image.files, image.commands, server_checks.problems, ("name", "image"), secrets=None),
    "kubernetes": _in_a_cluster(kubernetes.files, kubernetes.commands),
    "pipecat-cloud": Target(
        pipecat_cloud.files,
        pipecat_cloud.commands,
        pipecat_cloud_checks.problems,
        ("name", "organization", "calls", "dispatched"),
        single=True,
        dispatched_problems=pipecat_cloud_checks.dispatched_problems,
        remarks=pipecat_cloud.remarks,
    ),
    "systemd": Target(
        systemd.files,
        systemd.commands,
        server_checks.problems,
        ("name", "public_url"),
        public=True,
        ports=True,
        remarks=remarks.telephone,
        itself="the server itself",
    ),
}


def require_usable(target: str, given: Mapping[str, object]) -> None:
    """Raise SetupError for an option of ``given`` that has a value and says nothing to ``target``."""
    for name, value in given.items():
        if not value or name in TARGETS[target].options:
            continue
        option = f"--{name.replace('_', '-')}"
        places = [place for place, one in TARGETS.items() if name in one.options]
        hint = f"leave it out; it is for --target {', '.join(places)}"
        raise SetupError(f"{option} has no effect with --target {target}", hint)


def require_address(target: str, url: str | None) -> str | None:
    """``url`` without what it doesn't need; raises SetupError where ``target`` can't be reached at it."""
    place = TARGETS[target]
    if not place.public:
        return None
    if not url:
        words = f"{target} has to know where callers' services reach it"
        raise SetupError(words, "add --public-url https://…")
    if wrong := public_address.problem_with(url, ports=place.ports):
        raise SetupError(f"--public-url: {wrong}", "write --public-url https://voice.example.com")
    return public_address.plain(url)


def require_one(target: str, names: Sequence[str]) -> None:
    """Raise SetupError for several agents at a place that takes one."""
    if TARGETS[target].single and len(names) > 1:
        words = f"{target} takes one agent, and these are {len(names)}: {', '.join(names)}"
        raise SetupError(words, "name one spec, and give each a folder of its own")


def require_distinct(plans: Sequence[Plan]) -> None:
    """Raise SpecError for agents of one name, at the place of the second."""
    first: dict[str, Plan] = {}
    problems = []
    for plan in plans:
        if other := first.get(plan.spec.name):
            words = f"'{plan.spec.name}' is also the name of {other.file.path}"
            problems.append(plan.file.problem(("name",), words, "give each agent a name of its own"))
        first[plan.spec.name] = plan
    if problems:
        raise SpecError(problems)
