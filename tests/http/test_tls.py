"""Certificates are read once, not at each request: each reading holds up the event loop for 40 ms."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore2
import httpx2
import openai
import pytest

from agentrun.http import tls
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.twilio.server import TwilioServer
from agentrun.transports import twilio_rest


@pytest.mark.parametrize("context", [tls.context, tls.system_context])
def test_it_verifies_a_server_and_its_name(context: Any) -> None:
    assert (context().verify_mode, context().check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_neither_a_request_of_twilio_nor_a_server_s_clients_read_certificates_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls.context()
    tls.system_context()
    readings: list[str] = []
    monkeypatch.setattr(httpcore2, "default_ssl_context", lambda **_: readings.append("httpx2"))
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: readings.append("ssl"))
    async with Resources():
        pass
    async with TwilioServer() as twilio:
        account = twilio_rest.account(twilio.environ())
        await account.check()
        await account.check()
    assert readings == []


async def test_openai_s_client_trusts_whom_the_system_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does by itself: an authority that a company has installed is not lost."""
    chosen: list[ssl.SSLContext] = []
    client = openai.DefaultAsyncHttpxClient

    def made(**options: Any) -> Any:
        chosen.append(options["verify"])
        return client(**options)

    monkeypatch.setattr(openai, "DefaultAsyncHttpxClient", made)
    async with Resources():
        pass
    assert chosen == [tls.system_context()]
    assert tls.system_context().get_ca_certs() == httpx2.create_ssl_context().get_ca_certs()
