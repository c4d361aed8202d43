"""The files for Kubernetes, and the number of replicas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from agentrun.deploy import asked_addresses, variables
from agentrun.deploy.capacity import ASSUMED_CALLS
from agentrun.deploy.deployment import START_SECONDS, Deployment
from agentrun.deploy.image import files as image
from agentrun.deploy.rendering import render

FULL_AT = 0.7
"""How full replicas are, on average, when there are to be more: a new one needs a minute to be ready."""
PRE_STOP_SECONDS = 15
"""How long a replica that is to stop still answers, while balancers learn of it."""
LEAST, MOST = 2, 10
_FOLDER = "kubernetes"
_MANIFESTS = (
    "rbac", "deployment", "service", "ingress", "availability", "network", "servicemonitor", "prometheusrule",
    "kustomization",
)  # fmt: skip


def files(wanted: Deployment) -> dict[str, bytes]:
    """Manifests in ``kubernetes/``, and beside it what the image is built from."""
    values = figures(wanted)
    contents = {f"{_FOLDER}/{name}.yaml": render(f"{_FOLDER}/{name}.yaml.j2", values) for name in _MANIFESTS}
    return wanted.with_project(contents | image_and_secret(wanted, values))


def commands(wanted: Deployment) -> list[list[str]]:
    """Build, push, and apply from within the folder, as often as one likes."""
    return [
        *preparing(wanted),
        ["kubectl", "apply", "--kustomize", _FOLDER],
        ["kubectl", "rollout", "status", f"deployment/{wanted.name}"],
    ]


def image_and_secret(wanted: Deployment, values: Mapping[str, Any]) -> dict[str, bytes]:
    """What the image is built from, and what a secret is made of, in any cluster."""
    return {
        **image.own_files(wanted),
        "secrets.env.example": render("secrets.env.j2", values),
        "kustomization.yaml": render(f"{_FOLDER}/secret.yaml.j2", values),
    }


def preparing(wanted: Deployment) -> list[list[str]]:
    """Build the image, push it, and make the secret of ``secrets.env``, or change it to that."""
    return [
        image.build(wanted, "docker", "."),
        ["docker", "push", wanted.image_name],
        ["kubectl", "apply", "--server-side", "--force-conflicts", "--kustomize", "."],
    ]


def replicas(calls: int | None, per_pod: int = ASSUMED_CALLS) -> tuple[int, int]:
    """The least and the most replicas for so many calls at once; two are there in any case.

    One more than it takes, for the one that a node takes with it.

    >>> replicas(2000)
    (2, 287)
    """
    if calls is None:
        return LEAST, MOST
    return LEAST, max(LEAST + 1, math.ceil(calls / (per_pod * FULL_AT)) + 1)


def figures(wanted: Deployment) -> dict[str, Any]:
    """What manifests, and the values of a chart, are written from. Times are in seconds."""
    carries = wanted.capacity
    least, most = replicas(wanted.calls, carries.calls)
    store = variables.Variable("AGENTRUN_RECORDS", "where records are kept: postgresql+psycopg://…")
    url = wanted.public_url or ""
    return {
        "name": wanted.name,
        "digest": wanted.digest,
        "image": wanted.image_name,
        "public_url": url,
        "host": urlsplit(url).hostname,
        "agents": [plan.spec.name for plan in wanted.plans],
        "paths": wanted.public_paths,
        "pages": wanted.has_pages,
        "telephone": [plan.spec.name for plan in wanted.plans if plan.has_transport("twilio")],
        "variables": [*wanted.variables, variables.SERVER_KEY, store],
        "copy": "secrets.env",
        "drain": math.ceil(wanted.longest_call),
        "start": START_SECONDS,
        "stop": wanted.stop_seconds,
        "pre_stop": PRE_STOP_SECONDS,
        "grace": wanted.stop_seconds + PRE_STOP_SECONDS,
        "per_pod": carries.calls,
        "measured": carries.measured,
        "memory": carries.memory_mb,
        "target": max(1, math.floor(carries.calls * FULL_AT)),
        "least": least,
        "most": most,
        "media": wanted.has_media,
        "ports": asked_addresses.ports(wanted.everyone),
    }
