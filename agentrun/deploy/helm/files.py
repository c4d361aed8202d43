"""The files for Helm: the bundled chart, with this deployment's values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from agentrun import __version__
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.kubernetes import files as kubernetes
from agentrun.deploy.rendering import FOLDER as TEMPLATES
from agentrun.deploy.rendering import render

_FOLDER = "chart"
_CHART = TEMPLATES / "helm" / "chart"
_INSTALL_MINUTES = 15
"""How long Helm waits for replicas to be ready, each of which may have to fetch its image."""


def files(wanted: Deployment) -> dict[str, bytes]:
    """A chart in ``chart/``, and beside it what the image is built from."""
    values = kubernetes.figures(wanted) | {
        "version": __version__,
        "calls": wanted.calls,
        "full_at": math.floor(kubernetes.FULL_AT * 100),
    }
    contents = {
        f"{_FOLDER}/{name}": render(f"helm/{name}.j2", values) for name in ("Chart.yaml", "values.yaml")
    }
    # what Prometheus calls the job is the release's name, which Helm knows
    contents[f"{_FOLDER}/alerts.yml"] = render("compose/alerts.yml.j2", {"name": "RELEASE-NAME"})
    contents |= {f"{_FOLDER}/{name}": text for name, text in _packaged()}
    return wanted.with_project(contents | kubernetes.image_and_secret(wanted, values))


def commands(wanted: Deployment) -> list[list[str]]:
    """Build, push, and install or upgrade from within the folder."""
    install = ["helm", "upgrade", "--install", wanted.name, _FOLDER, "--set", f"image={wanted.image_name}"]
    return [*kubernetes.preparing(wanted), [*install, "--wait", "--timeout", f"{_INSTALL_MINUTES}m"]]


def _packaged() -> Iterator[tuple[str, bytes]]:
    """Templates and schema, which are the same for every deployment."""
    for path in sorted(_CHART.rglob("*")):
        if path.is_file():
            yield path.relative_to(_CHART).as_posix(), path.read_bytes()
