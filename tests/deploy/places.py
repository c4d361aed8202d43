"""Deployments for tests: a project in a folder, and what is written of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentrun import plugins, spec
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan

PLUGIN = '''"""Hours."""
from agentrun import hookimpl

def get_hours() -> str:
    """Say when it is open."""
    return "from six"

@hookimpl
def agentrun_tools():
    return [get_hours]
'''
SPEC = "transport: {transport}\nprompts: {{system: Be brief., greeting: {{say: Hello.}}}}\ntools: [hours]\n"


def plan_of(folder: Path, name: str = "desk", transport: str = "twilio", more: str = "") -> Plan:
    """The plan of an agent in a project, made without variables."""
    (folder / "agents").mkdir(exist_ok=True)
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    path = folder / "agents" / f"{name}.yaml"
    path.write_text(SPEC.format(transport=transport) + more)
    file = spec.load(path)
    return planning.make(file, plugins.load(file), {})


def deployment(folder: Path, *plans: Plan, **given: Any) -> Deployment:
    """What is to run; the desk where no plan is given."""
    every = plans or (plan_of(folder),)
    return Deployment(every, collect(every), **given)
