"""Who may put a call through."""

import pytest

from agentrun.errors import SetupError
from agentrun.server.auth.call_access import Access, decide

TOKEN = {"TWILIO_AUTH_TOKEN": "t"}


@pytest.mark.parametrize(
    ("host", "environ", "offline", "insecure", "expected"),
    [
        ("127.0.0.1", TOKEN, False, False, Access.SIGNED),
        ("127.0.0.1", TOKEN, True, False, Access.SIGNED),
        ("127.0.0.1", TOKEN, False, True, Access.SIGNED),
        ("0.0.0.0", TOKEN, False, False, Access.SIGNED),  # noqa: S104
        ("127.0.0.1", {}, False, False, Access.CLOSED),
        ("127.0.0.1", {}, True, False, Access.OPEN),
        ("::1", {}, False, True, Access.OPEN),
        ("localhost", {}, False, True, Access.OPEN),
    ],
)
def test_every_way_to_start(
    host: str, environ: dict[str, str], offline: bool, insecure: bool, expected: Access
) -> None:
    assert decide(host, environ, offline=offline, insecure=insecure) is expected


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_token_a_public_host_does_not_start(offline: bool) -> None:
    with pytest.raises(SetupError, match=r"TWILIO_AUTH_TOKEN is not set, and 0\.0\.0\.0"):
        decide("0.0.0.0", {}, offline=offline, insecure=False)  # noqa: S104


@pytest.mark.parametrize("environ", [{}, TOKEN])
def test_insecure_is_refused_on_a_public_host(environ: dict[str, str]) -> None:
    with pytest.raises(SetupError, match=r"--insecure is refused on 192\.168\.1\.5"):
        decide("192.168.1.5", environ, offline=False, insecure=True)


def test_a_public_host_for_pages_alone_needs_the_servers_key_and_no_token_of_twilios() -> None:
    host = "0.0.0.0"  # noqa: S104
    key = {"AGENTRUN_API_KEY": "k"}

    def access(environ: dict[str, str]) -> Access:
        return decide(host, environ, offline=False, insecure=False, transports=["local"])

    assert access(key) is Access.CLOSED
    assert access({**key, **TOKEN}) is Access.SIGNED
    with pytest.raises(SetupError, match=r"AGENTRUN_API_KEY is not set, and on 0\.0\.0\.0 no page"):
        access({})
