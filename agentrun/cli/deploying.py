"""What ``build``, ``eject`` and ``deploy`` share: turning specs into a deployment, or into its problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from agentrun import plugins, spec
from agentrun.deploy.capacity import Capacity
from agentrun.deploy.capacity import of as of_bench
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect, require_outside
from agentrun.deploy.requirements import own_wheel
from agentrun.deploy.targets import (
    TARGETS,
    Target,
    require_address,
    require_distinct,
    require_one,
    require_usable,
)
from agentrun.deploy.written import manifest, rewriting
from agentrun.deploy.written.manifest import Place
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.spec.loading.folder import specs_at


@dataclass(frozen=True)
class PlaceOptions:
    """The options of a deployment target, by name; None or empty if not given."""

    name: str | None = None
    image: str | None = None
    public_url: str | None = None
    organization: str | None = None
    calls: int | None = None
    dispatched: bool = False
    bench: Sequence[Path] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """The options as an ejected folder remembers them."""
        names = ("name", "image", "public_url", "organization", "calls")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Release:
    """A deployment, and the ``place`` it is written for, as an ejected folder remembers it."""

    deployment: Deployment
    place: Place


@dataclass(frozen=True)
class _Folder:
    """Where the files are or will be, None for nowhere; ``before`` is what it was written for, if it was.

    One that is ``deployed`` from stays as it was written.
    """

    path: Path | None
    before: Place | None
    deployed: bool


def release_of(
    paths: Sequence[Path],
    target: str,
    options: PlaceOptions,
    folder: Path | None = None,
    *,
    deployed: bool = False,
) -> Release:
    """The agents at ``paths`` for ``target``, in ``folder``; its warnings are printed.

    What a folder was written with before holds where nothing else is said; where it is ``deployed``, nothing
    else may be said, and no wheel is made of this copy. No variable is read: what is written names them, and
    holds none. Raises SpecError with everything that is wrong or can't be there, PluginError, SetupError.
    """
    place, before = TARGETS[target], manifest.read(folder).place if folder else None
    there = _Folder(folder, before, deployed)
    settings = _settings(target, options, there)
    capacity = _capacity(settings.calls if place.sized else None, options.bench, there)
    plans = _plans(paths)
    agents = tuple(sorted(plan.spec.name for plan in plans))
    require_one(target, [plan.spec.name for plan in plans])
    if options.name is None:
        rewriting.require_kin(folder, before, agents)
    if folder:
        require_outside(plans, folder)
    _require_possible(place, plans, dispatched=settings.dispatched)
    deployment = Deployment(
        plans,
        collect(plans),
        called=settings.name,
        image=settings.image,
        public_url=settings.public_url,
        organization=settings.organization,
        calls=settings.calls,
        dispatched=settings.dispatched,
        capacity=capacity,
        wheel=own_wheel() if place.packaged and not deployed else None,
    )
    _warn_of_image(deployment, there)
    kept = {**settings.kept, "name": deployment.name, "dispatched": settings.dispatched}
    measured = (capacity.calls, capacity.memory_mb) if capacity.measured else None
    written_for = Place(target, agents=agents, digest=deployment.digest, capacity=measured, **kept)
    return Release(deployment, written_for)


def _settings(target: str, said: PlaceOptions, folder: _Folder) -> PlaceOptions:
    """What is ``said`` now, and what was before of all else; raises SetupError for what may not be said."""
    path, before = folder.path, folder.before
    rewriting.require_target(path, before, target)
    require_usable(target, said.kept | {"bench": said.bench})
    if said.public_url:
        said = replace(said, public_url=require_address(target, said.public_url))
    if not folder.deployed:
        rewriting.require_name(path, before, said.name)
    elif before:
        rewriting.require_same(path, before, said.kept | {"dispatched": said.dispatched or None})
    settings = replace(said, **rewriting.filled(before, said.kept))
    return replace(
        settings,
        public_url=require_address(target, settings.public_url),
        dispatched=said.dispatched or bool(folder.deployed and before and before.dispatched),
    )


def _require_possible(place: Target, plans: Sequence[Plan], *, dispatched: bool) -> None:
    """Print the warnings of ``plans`` at the target; raises SpecError with all errors."""
    problems = sorted({one for plan in plans for one in place.problems_with(plan, {}, dispatched=dispatched)})
    if any(one.severity == "error" for one in problems):
        raise SpecError(problems)
    for one in problems:
        click.echo(str(one), err=True)


def _capacity(calls: int | None, bench: Sequence[Path], folder: _Folder) -> Capacity:
    """What one replica carries; what is assumed, or was measured with few calls, is said.

    Raises SetupError where what is deployed was sized by other figures.
    """
    capacity, before = of_bench(bench), folder.before
    if not bench and before and before.capacity:
        capacity = Capacity(*before.capacity, measured=True)
    if calls and not capacity.measured:
        words = f"a replica is taken to carry {capacity.calls} calls: measure your agents, and give"
        click.echo(f"warning: {words} --bench FILE (agentrun bench SPEC --json > FILE)", err=True)
    if capacity.bound:
        words = f"a replica is to carry {capacity.calls} calls, for no more were measured at once"
        click.echo(f"warning: {words}; its processor has room for {capacity.bound}", err=True)
    figures = (capacity.calls, capacity.memory_mb)
    if folder.deployed and bench and before and before.capacity != figures:
        words = f"{folder.path} was sized by other figures than those of --bench"
        raise SetupError(words, "run `agentrun eject` again with them, or leave --bench out here")
    return capacity


def _warn_of_image(deployment: Deployment, folder: _Folder) -> None:
    """Warn that an image of other specs may exist under the same name."""
    image, before = deployment.image, folder.before
    if folder.deployed or not before or not image or before.image != image:
        return
    if before.digest != deployment.digest:
        words = f"{image} may be built already, of other specs; where it is, give this one a new tag"
        click.echo(f"warning: {words}: --image NAME:TAG", err=True)


def _plans(paths: Sequence[Path]) -> tuple[Plan, ...]:
    problems: list[Problem] = []
    plans: list[Plan] = []
    files: dict[Path, Path] = {}
    for path in (one for entry in paths for one in specs_at(entry)):
        files.setdefault(path.resolve(), path)
    for path in files.values():
        try:
            file = spec.load(path)
            loaded = plugins.load_all(file)
            plans.append(planning.make(file, loaded.tools, {}, hooks=loaded.hooks))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    require_distinct(plans)
    return tuple(plans)
