"""Specs from files and folders, and their plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agentrun import plugins, spec
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.browser import availability
from agentrun.server.lifecycle.offline import Offline
from agentrun.server.lifecycle.options import Options
from agentrun.spec.loading import folder
from agentrun.spec.loading.spec_file import SpecFile


def load(paths: Sequence[Path], options: Options) -> list[SpecFile]:
    """All specs, or every problem of all of them; two agents with one name are a problem."""
    files: list[SpecFile] = []
    problems: list[Problem] = []
    for path in (found for given in paths for found in _specs(given)):
        try:
            files.append(spec.load(path, options.overrides, options.style))
        except SpecError as error:
            problems.extend(error.problems)
    seen: dict[str, SpecFile] = {}
    for file in files:
        first = seen.setdefault(file.spec.name, file)
        if first is not file:
            message = f"'{file.spec.name}' is also the name of {first.path}"
            problems.append(file.problem(("name",), message, "give each agent a name of its own"))
    if problems:
        raise SpecError(problems)
    return files


def _specs(path: Path) -> list[Path]:
    """The specs that ``path`` stands for: itself, or those of a folder."""
    found = folder.specs(path) if path.is_dir() else [path]
    if not found:
        raise SetupError(f"there is no spec in {path}", "name a folder that holds .yaml files")
    return found


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
    plan.require_keys()
    availability.require(plan)
    return plan
