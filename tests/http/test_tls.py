"""Certificates are read once, not at each request: each reading holds up the event loop for 40 ms."""

from __future__ import annotations

import ssl

import httpx
import pytest

from agentrun.http import tls
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.twilio.server import TwilioServer
from agentrun.transports import twilio_rest


def test_it_verifies_a_server_and_its_name() -> None:
    context = tls.context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_neither_a_request_of_twilio_nor_a_server_s_clients_read_certificates_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls.context()
    readings: list[str] = []
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: readings.append("httpx"))
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: readings.append("ssl"))
    async with Resources():
        pass
    async with TwilioServer() as twilio:
        account = twilio_rest.account(twilio.environ())
        await account.check()
        await account.check()
    assert readings == []
