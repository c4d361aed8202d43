"""What is written for systemd, and the commands that install it."""

from __future__ import annotations

import math
import posixpath
from typing import Any
from urllib.parse import urlsplit

from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image.files import server_extras
from agentrun.deploy.rendering import render, unit_word
from agentrun.deploy.requirements import WHEELS, requirements
from agentrun.deploy.variables import SERVER_KEY
from agentrun.records.store import local_copies

_BEGUN = ".installing"
"""A file of a folder whose installation has begun, until there is the program."""


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name; raises SetupError for a name that is taken."""
    values = _values(wanted)
    contents = {
        f"{wanted.name}.service": render("systemd/service.j2", values),
        f"{wanted.name}.socket": render("systemd/socket.j2", values),
        f"{wanted.name}.service.d/secrets.conf": render("systemd/secrets.conf.j2", values),
        f"journald@{wanted.name}.conf": render("systemd/journald.conf.j2", values),
        "Caddyfile": render("systemd/Caddyfile.j2", values),
        "requirements.txt": requirements(wanted, *server_extras(wanted)),
        "secrets.env.example": render("secrets.env.j2", values),
    }
    return wanted.with_project(contents)


def commands(wanted: Deployment) -> list[list[str]]:
    """Install it from within the folder, as root.

    What was there of an earlier state is removed, also what is no longer part of it, and the copy of this
    package is put over one of the same version. Other sites of Caddy's stay as they are. Where Caddy does not
    take the site, or another program has the name, nothing is installed.
    """
    name = wanted.name
    home, etc, caddy = f"/opt/{name}", "/etc/systemd", "/etc/caddy"
    secrets = f"{name}.service.d/secrets.conf"
    python = f"{home}/venv/bin/python"
    folders = sorted({one.partition("/")[0] for one in wanted.project.files})
    site = f"import {name}.caddyfile"
    return [
        ["caddy", "validate", "--adapter", "caddyfile", "--config", "Caddyfile"],
        ["sh", "-c", _free_or_own(name, home)],
        ["install", "-d", home],
        ["install", "-m", "644", "/dev/null", f"{home}/{_BEGUN}"],
        ["python3", "-m", "venv", f"{home}/venv"],
        [python, "-m", "pip", "install", "--requirement", "requirements.txt"],
        *_own_copy(wanted, python),
        [
            "find",
            home,
            "-mindepth",
            "1",
            "-maxdepth",
            "1",
            "!",
            "-name",
            "venv",
            "-exec",
            "rm",
            "-r",
            "{}",
            "+",
        ],
        ["cp", "-r", "--", *folders, f"{home}/"],
        *_state(wanted, home),
        ["install", "-D", "-m", "600", "secrets.env", f"/etc/{name}/secrets.env"],
        ["install", "-m", "644", f"{name}.service", f"{name}.socket", f"{etc}/system/"],
        ["install", "-D", "-m", "644", secrets, f"{etc}/system/{secrets}"],
        ["install", "-m", "644", f"journald@{name}.conf", f"{etc}/journald@{name}.conf"],
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now", f"{name}.socket"],
        ["systemctl", "enable", f"{name}.service"],
        ["systemctl", "restart", f"{name}.service"],
        ["install", "-D", "-m", "644", "Caddyfile", f"{caddy}/{name}.caddyfile"],
        ["sh", "-c", f"grep -qxF '{site}' {caddy}/Caddyfile || echo '{site}' >> {caddy}/Caddyfile"],
        ["caddy", "validate", "--adapter", "caddyfile", "--config", f"{caddy}/Caddyfile"],
        ["systemctl", "reload", "caddy"],
    ]


def _free_or_own(name: str, home: str) -> str:
    """A test of the shell: no other program has the folder or the unit, as with ``ssh.service``.

    The folder will be emptied, and a unit of that name would take the other's place. An installation that
    broke off, or one that is there, may be done again.
    """
    unit = f"systemctl cat {name}.service 2>/dev/null"
    own = " && ".join(f"! test -e {home}/{one}" for one in (_BEGUN, "venv/bin/agentrun"))
    full = f"ls -A {home} 2>/dev/null | grep -q . && {own}"
    taken = f"{{ {{ {full}; }} || {unit} | grep -q .; }} && ! {unit} | grep -q '^ExecStart={home}/'"
    words = f"{name} is the name of another program here: write the files under another --name"
    return f"if {taken}; then echo '{words}' >&2; exit 1; fi"


def _state(wanted: Deployment, home: str) -> list[list[str]]:
    """What is written beside specs, where the service can't write, comes to its own folder."""
    own = f"/var/lib/{wanted.name}"
    spools = [f"{home}/{one}" for one in wanted.spools]
    folders = [["install", "-d", posixpath.dirname(one)] for one in spools]
    return [*folders, *(["ln", "-sfn", own, one] for one in (f"{home}/{local_copies.FOLDER}", *spools))]


def _own_copy(wanted: Deployment, python: str) -> list[list[str]]:
    """An installer passes over a version that is there, whatever is in it."""
    if wanted.wheel is None:
        return []
    wheel = f"{WHEELS}/{wanted.wheel[0]}"
    return [[python, "-m", "pip", "install", "--force-reinstall", "--no-deps", wheel]]


def _values(wanted: Deployment) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "program": f"/opt/{wanted.name}/venv/bin/agentrun",
        "specs": " ".join(unit_word(spec) for spec in wanted.project.specs),
        "public_url": wanted.public_url,
        "host": urlsplit(wanted.public_url or "").netloc,
        "drain": math.ceil(wanted.longest_call),
        "stop": wanted.stop_seconds,
        "media": wanted.has_media,
        "variables": [*wanted.variables, SERVER_KEY],
        "copy": "secrets.env",
    }
