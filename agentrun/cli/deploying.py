"""What the commands that bring agents elsewhere share: specs become a deployment, or all that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from agentrun import plugins, spec
from agentrun.deploy.capacity import Capacity
from agentrun.deploy.capacity import of as of_bench
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect
from agentrun.deploy.requirements import own_wheel
from agentrun.deploy.targets import TARGETS
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.spec.loading import folder
from agentrun.spec.values.addresses import problem_with


def deployment(
    paths: Sequence[Path],
    target: str,
    *,
    image: str | None = None,
    public_url: str | None = None,
    organization: str | None = None,
    calls: int | None = None,
    dispatched: bool = False,
    bench: Sequence[Path] = (),
    packaged: bool = True,
) -> Deployment:
    """The agents at ``paths`` for ``target``; its warnings are printed.

    Without ``packaged`` no wheel is made of this copy. No variable is read: what is written names them, and
    holds none. Raises SpecError with everything that is wrong or can't be there, PluginError, SetupError.
    """
    place = TARGETS[target]
    if public_url and (wrong := problem_with(public_url)):
        raise SetupError(f"--public-url: {wrong}", "write --public-url https://voice.example.com")
    if place.public and not public_url:
        raise SetupError(
            f"{target} has to know where callers' services reach it", "add --public-url https://…"
        )
    capacity = _capacity(target, calls, bench)
    plans = _plans(paths)
    if place.single and len(plans) > 1:
        names = ", ".join(plan.spec.name for plan in plans)
        raise SetupError(f"{target} takes one agent, and these are {len(plans)}: {names}", "name one spec")
    problems = sorted(one for plan in plans for one in place.problems_with(plan, {}, dispatched=dispatched))
    if any(one.severity == "error" for one in problems):
        raise SpecError(problems)
    for one in problems:
        click.echo(str(one), err=True)
    options = {"image": image, "public_url": public_url, "organization": organization}
    wheel = own_wheel() if packaged and place.packaged else None
    return Deployment(
        plans, collect(plans), calls=calls, dispatched=dispatched, capacity=capacity, wheel=wheel, **options
    )


def _capacity(target: str, calls: int | None, bench: Sequence[Path]) -> Capacity:
    """What one replica carries; what is assumed, or was measured with few calls, is said."""
    if bench and not TARGETS[target].sized:
        raise SetupError(f"--bench sizes replicas, and {target} has none", "leave it out")
    capacity = of_bench(bench)
    if calls and TARGETS[target].sized and not capacity.measured:
        words = f"a replica is taken to carry {capacity.calls} calls: measure your agents, and give"
        click.echo(f"warning: {words} --bench FILE (agentrun bench SPEC --json > FILE)", err=True)
    if capacity.bound:
        words = f"a replica is to carry {capacity.calls} calls, for no more were measured at once"
        click.echo(f"warning: {words}; its processor has room for {capacity.bound}", err=True)
    return capacity


def _plans(paths: Sequence[Path]) -> tuple[Plan, ...]:
    problems: list[Problem] = []
    plans: dict[str, Plan] = {}
    for path in dict.fromkeys(one for entry in paths for one in _specs(entry)):
        try:
            file = spec.load(path)
            loaded = plugins.load_all(file)
            plan = planning.make(file, loaded.tools, {}, hooks=loaded.hooks)
        except SpecError as error:
            problems += error.problems
            continue
        if first := plans.get(plan.spec.name):
            words = f"'{plan.spec.name}' is also the name of {first.file.path}"
            problems.append(file.problem(("name",), words, "give each agent a name of its own"))
        plans[plan.spec.name] = plan
    if problems:
        raise SpecError(problems)
    return tuple(plans.values())


def _specs(path: Path) -> list[Path]:
    specs = folder.specs(path) if path.is_dir() else [path]
    if not specs:
        raise SetupError(f"there is no spec in {path}", "name a folder that holds .yaml files")
    return specs
