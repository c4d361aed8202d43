"""Checks what a running server reveals to strangers at its public address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from agentrun.plan.plan import Plan
from agentrun.server.doctor.local_checks import TIMEOUT_SECONDS, Finding

WHAT = "strangers"
_HINT = "start the server with --public-url or AGENTRUN_API_KEY, so that it asks for a token"


@dataclass(frozen=True)
class Question:
    """One request of a stranger; ``is_open`` looks at the answer: does it tell what is for this machine?"""

    path: str
    is_open: Callable[[httpx.Response], bool]
    method: str = "GET"


def questions(agent: str) -> Iterator[Question]:
    """What is asked; none of it starts a call."""
    yield Question("/", lambda answer: answer.status_code == 200 and "agentrun" in answer.text)
    yield Question("/agents", lambda answer: answer.status_code == 200 and f'"{agent}"' in answer.text)
    yield Question("/dashboard", lambda answer: answer.status_code == 200 and "agentrun" in answer.text)
    yield Question("/health", lambda answer: '"agents"' in answer.text)
    yield Question("/metrics", lambda answer: answer.status_code == 200 and "agentrun_" in answer.text)
    yield Question(f"/{agent}/calls/doctor", lambda answer: "no call 'doctor'" in answer.text)
    yield Question(f"/{agent}/browser/offer", lambda answer: answer.status_code == 400, "POST")


async def routes(plans: Sequence[Plan]) -> list[Finding]:
    """Ask each public address for what is documented as this machine's alone, as different Hosts."""
    agents: dict[str, list[str]] = {}
    for plan in plans:
        if plan.public_url:
            agents.setdefault(plan.public_url.rstrip("/"), []).append(plan.spec.name)
    return [await _at(url, names) for url, names in sorted(agents.items())]


async def _at(url: str, names: Sequence[str]) -> Finding:
    try:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            health = await client.get("/health")
            if health.status_code != 200 or '"status"' not in health.text:
                hint = "run this again while the server is up"
                words = f"{url} answered {health.status_code}, so what it tells strangers was not looked at"
                return Finding(WHAT, "warning", words, hint)
            paths = [path for headers in _hosts() for path in await _open(client, names, headers)]
    except httpx.HTTPError as error:
        hint = "run this again while the server is up"
        return Finding(WHAT, "warning", f"{url} can't be reached: {type(error).__name__}", hint)
    paths += await _open_sockets(url, names)
    if paths:
        return Finding(WHAT, "error", f"{url} is open to anybody at {', '.join(dict.fromkeys(paths))}", _HINT)
    return Finding(WHAT, "ok", f"{url} tells strangers nothing that is for this machine alone")


def _hosts() -> tuple[Mapping[str, str], ...]:
    """As itself, and as what a tunnel that looks at nothing would let through."""
    return {}, {"Host": "localhost"}


async def _open(client: httpx.AsyncClient, names: Sequence[str], headers: Mapping[str, str]) -> list[str]:
    paths = []
    for name in names:
        for one in questions(name):
            body = "{}" if one.method == "POST" else None
            answer = await client.request(one.method, one.path, headers=headers, content=body)
            if one.is_open(answer):
                paths.append(one.path)
    return paths


async def _open_sockets(url: str, names: Sequence[str]) -> list[str]:
    """The evals' sockets, which take a call without a telephone."""
    paths = []
    for name in names:
        try:
            address = f"{url.replace('http', 'ws', 1)}/{name}/eval"
            async with connect(address, open_timeout=TIMEOUT_SECONDS):
                paths.append(f"/{name}/eval")
        except (OSError, TimeoutError, WebSocketException):
            continue
    return paths
