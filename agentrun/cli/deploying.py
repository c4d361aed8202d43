"""What the commands that bring agents elsewhere share: specs become a deployment, or all that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from agentrun import plugins, spec
from agentrun.deploy.capacity import Capacity
from agentrun.deploy.capacity import of as of_bench
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect
from agentrun.deploy.requirements import own_wheel
from agentrun.deploy.targets import TARGETS, Target, require_address, require_one, require_usable
from agentrun.deploy.written import manifest, rewriting
from agentrun.deploy.written.manifest import Place
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.spec.loading import folder


@dataclass(frozen=True)
class Release:
    """What is to run, and the ``place`` that it is written for, as a folder keeps it."""

    deployment: Deployment
    place: Place


def release(
    paths: Sequence[Path],
    target: str,
    *,
    folder: Path | None = None,
    name: str | None = None,
    image: str | None = None,
    public_url: str | None = None,
    organization: str | None = None,
    calls: int | None = None,
    dispatched: bool = False,
    bench: Sequence[Path] = (),
    deployed: bool = False,
) -> Release:
    """The agents at ``paths`` for ``target``, in ``folder``; its warnings are printed.

    What a folder was written with before holds where nothing else is said; where it is ``deployed``, nothing
    else may be said, and no wheel is made of this copy. No variable is read: what is written names them, and
    holds none. Raises SpecError with everything that is wrong or can't be there, PluginError, SetupError.
    """
    place = TARGETS[target]
    before = manifest.read(folder).place if folder else None
    rewriting.require_target(folder, before, target)
    given = {
        "name": name, "image": image, "public_url": public_url, "organization": organization, "calls": calls
    }  # fmt: skip
    require_usable(target, given | {"bench": bench})
    if public_url:
        given["public_url"] = require_address(target, public_url)
    if not deployed:
        rewriting.require_name(folder, before, name)
    elif before:
        rewriting.require_same(folder, before, given | {"dispatched": dispatched or None})
    told = rewriting.filled(before, given)
    told["public_url"] = require_address(target, told["public_url"])
    dispatched = dispatched or bool(deployed and before and before.dispatched)
    capacity = _capacity(told["calls"] if place.sized else None, bench, before)
    if deployed and bench and before and before.capacity != (capacity.calls, capacity.memory_mb):
        words = f"{folder} was sized by other figures than those of --bench"
        raise SetupError(words, "run `agentrun eject` again with them, or leave --bench out here")
    plans = _plans(paths)
    require_one(target, [plan.spec.name for plan in plans])
    agents = tuple(sorted(plan.spec.name for plan in plans))
    if name is None:
        rewriting.require_kin(folder, before, agents)
    _require_possible(place, plans, dispatched=dispatched)
    wheel = own_wheel() if place.packaged and not deployed else None
    called = told.pop("name")
    made = Deployment(
        plans, collect(plans), called=called, dispatched=dispatched, capacity=capacity, wheel=wheel, **told
    )
    measured = (capacity.calls, capacity.memory_mb) if capacity.measured else None
    if not deployed and before and made.image and made.image == before.image and made.digest != before.digest:
        words = f"{made.image} may be built already, of other specs; where it is, give this one a new tag"
        click.echo(f"warning: {words}: --image NAME:TAG", err=True)
    kept = Place(target, made.name, agents, made.digest, dispatched=dispatched, capacity=measured, **told)
    return Release(made, kept)


def _require_possible(place: Target, plans: Sequence[Plan], *, dispatched: bool) -> None:
    """Print the warnings of ``plans`` there; raise SpecError with all that is wrong."""
    problems = sorted({one for plan in plans for one in place.problems_with(plan, {}, dispatched=dispatched)})
    if any(one.severity == "error" for one in problems):
        raise SpecError(problems)
    for one in problems:
        click.echo(str(one), err=True)


def _capacity(calls: int | None, bench: Sequence[Path], before: Place | None) -> Capacity:
    """What one replica carries; what is assumed, or was measured with few calls, is said."""
    capacity = of_bench(bench)
    if not bench and before and before.capacity:
        capacity = Capacity(*before.capacity, measured=True)
    if calls and not capacity.measured:
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
