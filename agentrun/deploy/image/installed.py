"""What a server installs: locked packages, the agents' other requirements, and this copy of agentrun."""

from __future__ import annotations

from typing import Any

from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import locked
from agentrun.spec.models.agent import LocalTransport


def locks(wanted: Deployment) -> dict[str, bytes]:
    """The files for ``pip install --no-deps --require-hashes``, by name; the builders come first."""
    return {
        "builders.lock": locked.builders().encode(),
        "requirements.lock": locked.requirements(server_extras(wanted)).encode(),
    }


def values(wanted: Deployment) -> dict[str, Any]:
    """What a template is told of the packages that are in no lock."""
    return {
        "package": wanted.requirement(),
        "providers": [*wanted.providers, *locked.unlocked(wanted.stores)],
        "unused": sorted(locked.UNUSED),
        "own": wanted.own_requirements,
        "unfit": f"{wanted.own_requirements} does not fit the versions that are there: pip says above why",
        "wheel": wanted.wheel is not None,
    }


def server_extras(wanted: Deployment) -> set[str]:
    """Extras of a server, whose records may be in PostgreSQL, and its traces with a collector."""
    extras = {*wanted.extras, "postgresql", "tracing"}
    for plan in wanted.plans:
        extras |= {"daily"} if plan.daily else set()
        extras |= {"browser"} if any(isinstance(one, LocalTransport) for one in plan.transports) else set()
    return extras
