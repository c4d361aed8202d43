"""The files for Pipecat Cloud."""

from __future__ import annotations

import math
from typing import Any

from agentrun.deploy import variables
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import copied, locked
from agentrun.deploy.image.ignored import dockerignore
from agentrun.deploy.pipecat_cloud.checks import session_seconds
from agentrun.deploy.rendering import render
from agentrun.deploy.requirements import requirements
from agentrun.plan import daily
from agentrun.spec.models.agent import LocalTransport

ORGANIZATION = "ORGANIZATION_NAME"
"""Stands in the TwiML until one is given; `pipecat cloud organizations list` shows it."""
_ROOM, _SETTINGS = "pipecat_cloud", "pcc-deploy.toml"
MOST_SESSIONS = 50
"""At the same time, unless Daily gives a deployment more: https://docs.pipecat.ai/pipecat-cloud/fundamentals/scaling"""


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name, the agent's own among them; raises SetupError for a name that is taken."""
    values = _values(wanted)
    contents = {
        "bot.py": render(f"{_ROOM}/bot.py.j2", values),
        _SETTINGS: render(f"{_ROOM}/{_SETTINGS}.j2", values),
        "Dockerfile": render(f"{_ROOM}/Dockerfile.j2", values),
        "requirements.txt": requirements(wanted, *_transports(wanted)),
        "secrets.env.example": render("secrets.env.j2", values),
        ".dockerignore": dockerignore(_SETTINGS, "twiml-bin.xml"),
    }
    if _has_bin(wanted):
        contents["twiml-bin.xml"] = render(f"{_ROOM}/twiml-bin.xml.j2", values)
    return wanted.with_project(contents)


def commands(wanted: Deployment) -> list[list[str]]:
    """What brings the folder there, with their own command line, from within it.

    They ask nothing, and print no part of a secret. A change of secrets alone would be no new version to
    Pipecat Cloud without ``--force``; sessions that are up go on in either case.
    """
    whose = ["--organization", wanted.organization] if wanted.organization else []
    secrets = ["secrets", "set", f"{wanted.name}-secrets", "--file", "secrets.env", "--skip"]
    deploy = ["deploy", "--config-file", _SETTINGS, "--force"]
    return [["pipecat", "cloud", *line, *whose] for line in (secrets, deploy)]


def remarks(wanted: Deployment) -> list[str]:
    """What Twilio is to be told, and where an organization is still to be named."""
    lines = []
    if wanted.calls and wanted.calls > MOST_SESSIONS:
        words = f"a deployment has at most {MOST_SESSIONS} sessions at once until help@daily.co gives it more"
        lines.append(f"{words}: max_agents is {wanted.calls}")
    if not _has_bin(wanted):
        return lines
    lines.append("at Twilio, make a TwiML Bin of twiml-bin.xml, and choose it for the number")
    if wanted.organization is None:
        words = "twiml-bin.xml names no organization yet: add --organization NAME to `agentrun eject`"
        lines.insert(0, f"{words}; `pipecat cloud organizations list` shows yours")
    return lines


def _has_bin(wanted: Deployment) -> bool:
    return wanted.plans[0].has_transport("twilio") and not wanted.dispatched


def _transports(wanted: Deployment) -> set[str]:
    """Extras for how sessions come: a browser over SmallWebRTC or Daily, for their server has no page."""
    plan = wanted.plans[0]
    browser = any(isinstance(one, LocalTransport) for one in plan.transports)
    # where records are to be is a secret, and so not known here
    return {"postgresql"} | ({"daily"} if plan.daily else set()) | ({"browser"} if browser else set())


def _values(wanted: Deployment) -> dict[str, Any]:
    plan = wanted.plans[0]
    folders, loose = copied.top(wanted.project)
    return {
        "name": wanted.name,
        "spec": wanted.project.specs[0],
        "secret_set": f"{wanted.name}-secrets",
        "longest": math.ceil(plan.spec.limits.max_duration),
        "session_seconds": session_seconds(plan.spec),
        "twilio": plan.has_transport("twilio"),
        "calls": wanted.calls,
        "dispatched": wanted.dispatched,
        "python": wanted.python,
        "unused": sorted(locked.UNUSED),
        "wheel": wanted.wheel is not None,
        "organization": wanted.organization or ORGANIZATION,
        "folders": folders,
        "loose": ["bot.py", *loose],
        # rooms are made by the platform; only a telephone call over Daily takes the key
        "variables": [
            variables.Variable(one.name, "a telephone call over Daily", required=False)
            if one.name == daily.KEY
            else one
            for one in (*wanted.variables, variables.STORE)
        ],
        "copy": "secrets.env",
    }
