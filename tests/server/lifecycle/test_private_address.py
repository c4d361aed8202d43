"""Where the other processes of a service reach this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.errors import SetupError
from agentrun.server.lifecycle.options import Options, Worker
from agentrun.server.lifecycle.processes.private_address import address_of, private_socket

SHARED = "postgresql+psycopg://db/agentrun"


def test_a_server_that_shares_nothing_listens_nowhere_else() -> None:
    assert private_socket(Options(private_host="127.0.0.1")) is None
    assert address_of(None) == ""


@pytest.mark.parametrize(
    "options", [Options(shared=SHARED), Options(worker=Worker(ledger=Path("ledger.sqlite")))]
)
def test_without_a_private_host_only_this_machine_reaches_it(options: Options) -> None:
    sock = private_socket(options)
    assert sock is not None
    with sock:
        assert address_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.7"])  # noqa: S104
def test_a_host_that_nobody_could_ask_for_is_refused_with_the_option(host: str) -> None:
    with pytest.raises(SetupError) as refused:
        private_socket(Options(shared=SHARED, private_host=host))
    assert str(refused.value).startswith(f"--private-host {host}")
    assert "such as 10.0.0.11" in (refused.value.hint or "")
