"""The parts of Kubernetes' API with which a pod annotates itself.

https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from agentrun.errors import SetupError
from agentrun.http import bounded_answers

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the service account's token and the authority of the API's certificate are."""
POD, NAMESPACE = "POD_NAME", "POD_NAMESPACE"
TIMEOUT_SECONDS = 5.0
MOST_ANSWER_BYTES = 1024 * 1024
MERGE_PATCH = "application/merge-patch+json"
"""RFC 7386: what the patch does not name stays as it is."""


class ApiError(Exception):
    """The API did not do what it was asked; ``status`` is HTTP's, 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class PodApi:
    """One pod as its own service account may change it; ``account`` is the folder of that."""

    def __init__(self, url: str, pod: str, namespace: str, account: Path = ACCOUNT) -> None:
        self._url = f"{url}/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}"
        self._account = account

    async def annotate(self, annotations: Mapping[str, str]) -> None:
        """Set ``annotations`` of the pod, and leave its others alone. Raises ApiError."""
        patch = {"metadata": {"annotations": dict(annotations)}}
        try:
            token, context = await asyncio.to_thread(self._identity)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": MERGE_PATCH}
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                httpx.AsyncClient(
                    timeout=TIMEOUT_SECONDS,
                    verify=context,
                    trust_env=False,
                    event_hooks={"response": [_bound]},
                ) as client,
            ):
                query = {"fieldManager": "agentrun"}
                answer = await client.patch(self._url, params=query, json=patch, headers=headers)
        except (TimeoutError, httpx.TimeoutException):
            raise ApiError(f"no answer within {TIMEOUT_SECONDS:g} s") from None
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise ApiError(f"{type(error).__name__}: {error}") from None
        if answer.status_code != 200:
            raise ApiError(f"{answer.status_code}: {_words(answer)}", answer.status_code)

    def _identity(self) -> tuple[str, ssl.SSLContext]:
        """Read each time: the token is exchanged about once an hour, and the authority now and then."""
        token = (self._account / "token").read_text(encoding="ascii").strip()
        return token, ssl.create_default_context(cafile=str(self._account / "ca.crt"))


def from_environment(environ: Mapping[str, str], account: Path = ACCOUNT) -> PodApi:
    """The pod that this process runs in; raises SetupError for what it is not told."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise SetupError(
            "KUBERNETES_SERVICE_HOST is not set: this is not a pod of Kubernetes",
            "leave out --pod-deletion-cost",
        )
    names = {name: environ.get(name, "") for name in (POD, NAMESPACE)}
    if missing := [name for name, value in names.items() if not value]:
        raise SetupError(
            f"{missing[0]} is not set, and the pod's own name is not known",
            f"give {missing[0]} by the downward API, as `agentrun eject --target kubernetes` does",
        )
    if not (account / "token").is_file():
        raise SetupError(
            f"{account}/token is not there, and the pod has no service account's token",
            "mount one, as `agentrun eject --target kubernetes` does",
        )
    shown = f"[{host}]" if ":" in host else host
    return PodApi(f"https://{shown}:{port}", names[POD], names[NAMESPACE], account)


def _words(answer: httpx.Response) -> str:
    """The message of a Status object, of at most 200 characters."""
    try:
        body: Any = answer.json()
    except (ValueError, RecursionError):
        return "no JSON"
    message = body.get("message") if isinstance(body, dict) else None
    return str(message)[:200] if message else "no message"


async def _bound(response: httpx.Response) -> None:
    bounded_answers.bound(response, MOST_ANSWER_BYTES)
