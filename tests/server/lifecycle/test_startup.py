"""What a server refuses before it listens."""

import socket
from pathlib import Path

import pytest

from agentrun.errors import SetupError, SpecError
from agentrun.http.bound_socket import host_of
from agentrun.server.lifecycle.options import Worker
from agentrun.server.lifecycle.startup import Options, load, running_server

ENVIRON = {"OPENAI_API_KEY": "test", "TWILIO_AUTH_TOKEN": "test"}


def spec(folder: Path, name: str, text: str = "transport: twilio\nprompts: Be brief.\n") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_twilio_on_a_public_host_needs_its_public_address(tmp_path: Path) -> None:
    options = Options(host="0.0.0.0", port=0)  # noqa: S104 - nothing is bound for long
    with pytest.raises(SetupError, match="its public address is not known") as caught:
        async with running_server([spec(tmp_path, "desk")], ENVIRON, options):
            pass
    assert "--public-url" in caught.value.hint


async def test_two_agents_with_one_name_are_refused(tmp_path: Path) -> None:
    one = spec(tmp_path, "one", "name: desk\ntransport: local\nprompts: Be brief.\n")
    two = spec(tmp_path, "two", "name: desk\ntransport: local\nprompts: Be brief.\n")
    with pytest.raises(SpecError) as caught:
        load([one, two])
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.where) == (str(two), 1, "name")
    assert str(one) in problem.message


async def test_the_problems_of_all_specs_are_told_at_once(tmp_path: Path) -> None:
    bad = [spec(tmp_path, name, "transport: twillio\nprompts: Be brief.\n") for name in ("one", "two")]
    with pytest.raises(SpecError) as caught:
        load(bad)
    assert [problem.path for problem in caught.value.problems] == [str(path) for path in bad]


async def test_a_server_without_specs_says_what_to_write() -> None:
    with pytest.raises(SetupError, match="no spec was given"):
        async with running_server([], ENVIRON, Options(port=0)):
            pass


@pytest.mark.parametrize("handed_on", ["by the caller", "by a supervisor"])
async def test_whom_a_server_trusts_goes_by_its_socket_and_not_by_what_was_asked_for(
    tmp_path: Path, handed_on: str
) -> None:
    """A worker was told 127.0.0.1, and its supervisor's socket is systemd's, which everybody reaches."""
    with socket.create_server((".".join("0000"), 0)) as listening:
        inherited = socket.socket(fileno=listening.detach())
        own = inherited if handed_on == "by the caller" else None
        options = Options(insecure=True, worker=Worker(socket_fd=None if own else inherited.detach()))
        with pytest.raises(SetupError, match=r"--insecure is refused on 0\.0\.0\.0"):
            async with running_server([spec(tmp_path, "desk")], {"OPENAI_API_KEY": "k"}, options, own):
                pass


@pytest.mark.parametrize(
    ("bound", "asked", "host"),
    [
        ("127.0.0.1", "localhost", "localhost"),
        ("127.0.0.1", "0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing listens there
        ("0.0.0.0", "localhost", "0.0.0.0"),  # noqa: S104
        ("0.0.0.0", "127.0.0.1", "0.0.0.0"),  # noqa: S104
    ],
)
def test_the_host_of_a_server_is_its_sockets(bound: str, asked: str, host: str) -> None:
    with socket.create_server((bound, 0)) as sock:
        assert host_of(sock, asked) == host
