"""The files for Docker Compose."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

from agentrun.deploy import variables
from agentrun.deploy.compose.dashboard import dashboard
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import files as image
from agentrun.deploy.rendering import render

DATABASE = variables.Variable("POSTGRES_PASSWORD", "the store's own: openssl rand -hex 24")
GRAFANA = variables.Variable("GRAFANA_PASSWORD", "what `admin` signs in with at Grafana")
LAME_DUCK_SECONDS = 10
"""How long a server that leaves lets calls in: Caddy looks every two seconds."""
_SERVERS = ("agentrun-1", "agentrun-2")
_NEW_SITES = "/tmp/Caddyfile"  # noqa: S108 - in its container
_FILES = (
    "compose.yaml", "Caddyfile", "prometheus.yml", "alerts.yml",
    "grafana/datasource.yml", "grafana/dashboards.yml",
)  # fmt: skip
_QUOTING = "A value with a $ stands in single quotes, or Compose takes it for a variable: NAME='a$b'"
"""https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax"""


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name, with what the image is built from."""
    values = _values(wanted)
    contents = {name: render(f"compose/{name}.j2", values) for name in _FILES}
    contents["grafana/agentrun.json"] = dashboard(wanted.name)
    contents["secrets.env.example"] = render(
        "secrets.env.j2", values | {"variables": values["secrets"], "quoting": _QUOTING}
    )
    return wanted.with_project(contents | image.own_files(wanted))


def commands(wanted: Deployment) -> list[list[str]]:
    """Start it from within the folder, or exchange one server after the other.

    Nobody restarts Caddy, which carries the calls: it reads its file anew. The file is copied into it, for
    what it was started with is the file of that time.
    """
    del wanted
    compose = ["docker", "compose", "--env-file", "secrets.env"]
    up = [*compose, "up", "--detach", "--wait"]
    reload = ["exec", "-T", "caddy", "caddy", "reload", "--adapter", "caddyfile", "--config", _NEW_SITES]
    return [
        [*compose, "build"],
        *([*up, one] for one in _SERVERS),
        [*up, "--remove-orphans"],
        [*compose, "cp", "Caddyfile", f"caddy:{_NEW_SITES}"],
        [*compose, *reload],
        [*compose, "restart", "prometheus", "grafana"],
    ]


def _values(wanted: Deployment) -> dict[str, Any]:
    entries = [*wanted.variables, variables.SERVER_KEY]
    return {
        "name": wanted.name,
        "image": wanted.image_name,
        "public_url": wanted.public_url,
        "host": urlsplit(wanted.public_url or "").netloc,
        "paths": wanted.public_paths,
        "variables": entries,
        "secrets": [*entries, DATABASE, GRAFANA],
        "lame_duck": LAME_DUCK_SECONDS,
        "copy": "secrets.env",
        "drain": math.ceil(wanted.longest_call),
        "stop": wanted.stop_seconds,
    }
