"""Checks keys, port, disk, public address and providers of a deployment."""

from __future__ import annotations

import resource
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from fastapi import FastAPI

from agentrun.errors import SetupError
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.plan.plan import Plan
from agentrun.server.auth import api_key, call_access

LEAST_DISK_BYTES = 1024**3
LEAST_FILES = 1024
"""A call holds about five descriptors, and 200 sockets may wait for their token."""
SHORTEST_KEY = 16
TIMEOUT_SECONDS = 10.0
State = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do where it is not ``ok``."""

    what: str
    state: State
    words: str
    hint: str = ""


def keys(plans: Sequence[Plan], environ: Mapping[str, str], host: str) -> Iterator[Finding]:
    """Whether every variable is set that a call needs."""
    missing = dict.fromkeys(name for plan in plans for name in plan.missing)
    for name in missing:
        yield Finding("key", "error", f"{name} is not set", f"export {name}=…")
    twilio = any(plan.has_transport("twilio") for plan in plans)
    for name in ("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID") if twilio else ():
        if not environ.get(name):
            missing[name] = None
            yield Finding("key", "error", f"{name} is not set", "Twilio's console shows it")
    if not missing:
        yield Finding("key", "ok", "every variable that the specs need is set")
    key = environ.get(api_key.VARIABLE, "")
    if key and len(key) < SHORTEST_KEY:
        words = f"{api_key.VARIABLE} has fewer than {SHORTEST_KEY} characters, and can be guessed"
        yield Finding("key", "error", words, "make one with: openssl rand -hex 32")
    elif not key and not call_access.is_loopback(host):
        words = f"{api_key.VARIABLE} is not set: nobody can start calls over the browser, Daily or dial"
        yield Finding("key", "warning", words, "make one with: openssl rand -hex 32")


def machine(folder: Path) -> Iterator[Finding]:
    """Whether there is room for records and for sockets."""
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free >= LEAST_DISK_BYTES else "warning"
    yield Finding("disk", state, f"{free / 1024**3:.1f} GiB are free", "" if state == "ok" else "make room")
    files, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = files == resource.RLIM_INFINITY or files >= LEAST_FILES
    hint = "" if enough else f"ulimit -n {min(hard, 65_536)}"
    yield Finding("files", "ok" if enough else "warning", f"{files} open files are allowed", hint)


async def addresses(plans: Sequence[Plan], host: str, port: int) -> list[Finding]:
    """Whether the port is free, and whether each public address leads to it."""
    urls = sorted({plan.public_url for plan in plans if plan.public_url})
    try:
        async with _saying(host, port) as path:
            findings = [Finding("port", "ok", f"{port} of {host} is free")]
            return [*findings, *[await _leads_here(url, path) for url in urls]]
    except SetupError as error:
        hint = "stop what listens there to have the public address checked, or choose another --port"
        return [Finding("port", "warning", error.message, hint)]


@asynccontextmanager
async def _saying(host: str, port: int) -> AsyncIterator[str]:
    """A path on ``port`` that nobody else knows of, while the block runs."""
    app, path = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), f"/{secrets.token_urlsafe(16)}"

    @app.get(path)
    async def here() -> str:
        return path

    sock = bind(host, port)
    try:
        async with serving(app, sock):
            yield path
    finally:
        sock.close()


async def _leads_here(url: str, path: str) -> Finding:
    hint = "point the proxy or the tunnel of that address to this machine and port"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.get(f"{url}{path}")
    except httpx.HTTPError as error:
        return Finding("public address", "error", f"{url} can't be reached: {type(error).__name__}", hint)
    if answer.status_code != 200 or path not in answer.text:
        words = f"{url} leads elsewhere: it answered {answer.status_code}"
        return Finding("public address", "error", words, hint)
    return Finding("public address", "ok", f"{url} leads here")
