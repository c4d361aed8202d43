"""What is written for Docker Compose."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

from agentrun.deploy import variables
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import files as image
from agentrun.deploy.rendering import render

DATABASE = variables.Variable("POSTGRES_PASSWORD", "the store's own: openssl rand -hex 24")
_FILES = ("compose.yaml", "Caddyfile", "prometheus.yml", "alerts.yml")


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name, with what the image is built from."""
    values = _values(wanted)
    contents = {name: render(f"compose/{name}.j2", values) for name in _FILES}
    contents["secrets.env.example"] = render("secrets.env.j2", values | {"variables": values["secrets"]})
    return wanted.with_project(contents | image.own_files(wanted))


def commands(wanted: Deployment) -> list[list[str]]:
    """Start it from within the folder."""
    del wanted
    return [["docker", "compose", "--env-file", "secrets.env", "up", "--detach", "--build", "--wait"]]


def _values(wanted: Deployment) -> dict[str, Any]:
    entries = [*wanted.variables, variables.SERVER_KEY]
    return {
        "name": wanted.name,
        "image": wanted.image_name,
        "public_url": wanted.public_url,
        "host": urlsplit(wanted.public_url or "").netloc,
        "agents": [plan.spec.name for plan in wanted.plans],
        "variables": entries,
        "secrets": [*entries, DATABASE],
        "copy": "secrets.env",
        "drain": math.ceil(wanted.longest_call),
        "stop": wanted.stop_seconds,
    }
