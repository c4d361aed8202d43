"""The files for systemd, and the commands that install them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import installed
from agentrun.deploy.rendering import render, unit_word
from agentrun.deploy.requirements import WHEELS
from agentrun.deploy.variables import SERVER_KEY
from agentrun.records.store import local_copies

RELEASE = "release.sh"
"""Installs a version beside those that are there, and has it take over from the one that runs."""
_LONGEST_USER = 31
"""Characters of a user's name: https://systemd.io/USER_NAMES/"""


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name; raises SetupError for a name that is taken."""
    values = _values(wanted)
    contents = {
        f"{wanted.name}@.service": render("systemd/service.j2", values),
        f"{wanted.name}.socket": render("systemd/socket.j2", values),
        f"{wanted.name}@.service.d/secrets.conf": render("systemd/secrets.conf.j2", values),
        f"journald@{wanted.name}.conf": render("systemd/journald.conf.j2", values),
        "Caddyfile": render("systemd/Caddyfile.j2", values),
        **installed.locks(wanted),
        "secrets.env.example": render("secrets.env.j2", values),
    }
    contents[RELEASE] = render("systemd/release.sh.j2", values | {"contents": _installed(wanted, contents)})
    return wanted.with_project(contents)


def _installed(wanted: Deployment, contents: Iterable[str]) -> list[str]:
    """What makes a version another one, in its folder: all but secrets, their names, and what git is told."""
    own = {name.partition("/")[0] for name in contents if not name.startswith("secrets.env")}
    return sorted({*own, RELEASE, *([WHEELS] if wanted.wheel else []), *wanted.project.top})


def commands(_wanted: Deployment) -> list[list[str]]:
    """Install it from within the folder, as root.

    The script has versions run beside each other, so that calls that are up keep theirs and nobody hears that
    the line is busy, and knows the way back. Other sites of Caddy's stay as they are. Where Caddy does not
    take the site, another program has the name, or a spec has a mistake, nothing is exchanged.
    """
    return [["sh", RELEASE, "install"]]


def user(name: str) -> str:
    """Whom the service ``name`` runs as: nobody whom the machine has already.

    >>> user("desk"), user("a-service-whose-name-is-rather-long")
    ('agentrun-desk', 'agentrun-a-service-whose-667aa6')
    """
    whole = f"agentrun-{name}"
    if len(whole) <= _LONGEST_USER:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{whole[: _LONGEST_USER - 7]}-{digest}"


def _values(wanted: Deployment) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "home": f"/opt/{wanted.name}",
        "user": user(wanted.name),
        "words": " ".join(unit_word(spec) for spec in wanted.project.specs),
        "specs": wanted.project.specs,
        "folders": wanted.project.top,
        "spools": wanted.spools,
        "unstored": local_copies.FOLDER,
        **installed.values(wanted),
        "public_url": wanted.public_url,
        "host": urlsplit(wanted.public_url or "").netloc,
        "drain": math.ceil(wanted.longest_call),
        "stop": wanted.stop_seconds,
        "media": wanted.has_media,
        "variables": [*wanted.variables, SERVER_KEY],
        "copy": "secrets.env",
    }
