"""What a pod asks of Kubernetes' API, over TLS, with the token that is there at the moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentrun.errors import SetupError
from agentrun.server.kubernetes import api
from agentrun.server.kubernetes.api import ApiError, PodApi
from agentrun.server.lifecycle.startup import Options, running_server
from tests.server.kubernetes.certificates import Authority

PATH = "/api/v1/namespaces/voice/pods/desk-1?fieldManager=agentrun"


@dataclass
class ApiServer:
    """Answers a PATCH of a pod as documented: who may not is told 401 or 403, another content type 415."""

    token: str = "first"
    play: int | None = 200
    annotations: dict[str, str] = field(default_factory=lambda: {"theirs": "stays"})
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @contextlib.asynccontextmanager
    async def up(self, context: ssl.SSLContext) -> AsyncIterator[ApiServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rows = head.strip().split("\r\n")
        headers = dict(row.lower().split(": ", 1) for row in rows)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(line)
        if self.play is None:
            await reader.read()
        status, answer = self._answer(line, headers, body)
        text = json.dumps(answer)
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
            f"Connection: close\r\n\r\n{text}".encode()
        )
        writer.close()

    def _answer(self, line: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        kind = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        if headers.get("authorization") != f"bearer {self.token}":
            return 401, {**kind, "message": "Unauthorized"}
        if line != f"PATCH {PATH} HTTP/1.1":
            return 404, {**kind, "message": "pods not found"}
        if headers.get("content-type") != "application/merge-patch+json":
            return 415, {**kind, "message": "the body of the request was in an unknown format"}
        if self.play != 200:
            return self.play or 500, {**kind, "message": f"no: {self.play}"}
        self.annotations |= json.loads(body)["metadata"]["annotations"]
        return 200, {"kind": "Pod", "metadata": {"annotations": self.annotations}}


@contextlib.asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[tuple[ApiServer, dict[str, str], Path]]:
    """An API server, and what a pod of it has: its variables and its service account's folder."""
    authority, account = Authority(), folder / "account"
    account.mkdir()
    (account / "token").write_text("first\n")
    authority.write(account / "ca.crt")
    async with ApiServer().up(authority.server_context(folder)) as server:
        environ = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port),
            "POD_NAME": "desk-1", "POD_NAMESPACE": "voice",
        }  # fmt: skip
        yield server, environ, account


async def test_an_annotation_is_set_beside_those_of_others(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, environ, account):
        await api.from_environment(environ, account).annotate({"ours": "3"})
        assert server.annotations == {"theirs": "stays", "ours": "3"}


async def test_a_token_that_was_exchanged_is_the_one_that_is_shown(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, environ, account):
        pod = api.from_environment(environ, account)
        await pod.annotate({"ours": "1"})
        server.token = "second"
        with pytest.raises(ApiError, match="401: Unauthorized"):
            await pod.annotate({"ours": "2"})
        (account / "token").write_text("second")
        await pod.annotate({"ours": "2"})
        assert server.annotations["ours"] == "2"


@pytest.mark.parametrize("status", [403, 404, 409, 500])
async def test_a_refusal_says_its_status_and_its_words(tmp_path: Path, status: int) -> None:
    async with cluster(tmp_path) as (server, environ, account):
        server.play = status
        with pytest.raises(ApiError, match=f"{status}: no: {status}") as error:
            await api.from_environment(environ, account).annotate({"ours": "3"})
        assert error.value.status == status


async def test_an_api_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT_SECONDS", 0.3)
    async with cluster(tmp_path) as (server, environ, account):
        server.play = None
        with pytest.raises(ApiError, match="no answer"):
            await api.from_environment(environ, account).annotate({"ours": "3"})


async def test_an_api_with_another_authoritys_certificate_gets_no_token(tmp_path: Path) -> None:
    async with cluster(tmp_path) as (server, environ, account):
        Authority().write(account / "ca.crt")
        with pytest.raises(ApiError, match="ConnectError"):
            await api.from_environment(environ, account).annotate({"ours": "3"})
        assert server.asked == []


async def test_an_account_that_is_gone_is_an_error_of_its_own(tmp_path: Path) -> None:
    pod = PodApi("https://127.0.0.1:1", "desk-1", "voice", tmp_path / "gone")
    with pytest.raises(ApiError, match="FileNotFoundError"):
        await pod.annotate({"ours": "3"})


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "POD_NAME", "POD_NAMESPACE", "token"])
async def test_what_the_pod_is_not_told_is_said_before_it_serves(tmp_path: Path, missing: str) -> None:
    async with cluster(tmp_path) as (_, environ, account):
        environ.pop(missing, None)
        if missing == "token":
            (account / "token").unlink()
        with pytest.raises(SetupError, match=missing):
            api.from_environment(environ, account)


async def test_a_server_that_is_no_pod_says_so(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("transport: twilio\nprompts: {system: Hi.}\n")
    options = Options(port=0, pod_deletion_cost=True)
    environ = {"TWILIO_AUTH_TOKEN": "x", "OPENAI_API_KEY": "x"}
    with pytest.raises(SetupError, match="not a pod of Kubernetes"):
        async with running_server([tmp_path / "desk.yaml"], environ, options):
            pytest.fail("it was served")
