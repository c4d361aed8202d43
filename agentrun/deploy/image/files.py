"""The files of an image's build context, and the commands that build it."""

from __future__ import annotations

import math
import re
from typing import Any

from agentrun import __version__
from agentrun.deploy.deployment import START_SECONDS, Deployment
from agentrun.deploy.image import copied, installed, slimming
from agentrun.deploy.image.ignored import dockerignore
from agentrun.deploy.rendering import render
from agentrun.records.store import local_copies


def files(wanted: Deployment) -> dict[str, bytes]:
    """The folder that an engine builds from; raises SetupError for names that are taken or no names."""
    return wanted.with_project(own_files(wanted))


def own_files(wanted: Deployment) -> dict[str, bytes]:
    """What is generated of it: the Dockerfile, and the packages that it installs."""
    return {
        "Dockerfile": render("image/Dockerfile.j2", _values(wanted)),
        ".dockerignore": dockerignore("Dockerfile"),
        **installed.locks(wanted),
    }


def commands(wanted: Deployment) -> list[list[str]]:
    """Build it in its folder with Docker."""
    return [build(wanted, "docker", ".")]


def build(wanted: Deployment, engine: str, folder: str) -> list[str]:
    """What ``engine`` is called with.

    Buildah and Podman keep the health check in Docker's format alone.
    """
    arguments = ["--tag", wanted.image_name, folder]
    if engine == "buildah":
        return ["buildah", "build", "--format", "docker", *arguments]
    return [engine, "build", *(["--format", "docker"] if engine == "podman" else []), *arguments]


def _kept_whole(wanted: Deployment) -> list[str]:
    """The packages that plugins name somewhere, which are to have every part."""
    code = b"\n".join(text for name, text in wanted.project.files.items() if name.endswith(".py"))
    names = sorted(slimming.packages_with_parts())
    return [name for name in names if re.search(rb"\b%b\b" % name.encode(), code)]


def _values(wanted: Deployment) -> dict[str, Any]:
    folders, loose = copied.top(wanted.project)
    specs = zip(wanted.project.specs, wanted.plans, strict=True)
    return {
        "name": wanted.name,
        "version": __version__,
        "digest": wanted.digest,
        "python": wanted.python,
        **installed.values(wanted),
        "whole": _kept_whole(wanted),
        "spools": wanted.spools,
        "folders": folders,
        "loose": loose,
        "specs": wanted.project.specs,
        "knowledge": [
            name for name, plan in specs if plan.spec.knowledge and not plan.spec.knowledge.embeddings
        ],
        "unstored": local_copies.FOLDER,
        "drain": math.ceil(wanted.longest_call),
        "start": START_SECONDS,
    }
