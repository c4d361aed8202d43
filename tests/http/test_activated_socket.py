"""A socket that systemd has listened on, taken by the server that it starts, and by nobody else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from agentrun.errors import SetupError
from agentrun.http import activated_socket


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def environ(number: str = "1", names: str = "http", pid: int | None = None) -> dict[str, str]:
    return {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": number, "LISTEN_FDNAMES": names, "HOME": "/"}


def handed_over(*sockets: socket.socket) -> int:
    """Copies of ``sockets`` at descriptors that follow each other; the first."""
    first = 200
    for position, sock in enumerate(sockets):
        os.dup2(sock.fileno(), first + position)
    return first


@pytest.mark.parametrize("name", ["http", "desk.socket", "unknown"])
def test_one_socket_is_taken_whatever_it_is_called(listening: socket.socket, name: str) -> None:
    variables = environ(names=name)
    sock = activated_socket.take(variables, handed_over(listening))
    assert sock is not None
    with sock:
        assert sock.getsockname() == listening.getsockname()
        assert sock.proto == socket.IPPROTO_TCP, "asyncio switches Nagle's algorithm off by it"
        assert not os.get_inheritable(sock.fileno())
    assert variables == {"HOME": "/"}, "a child is not to take it for its own"


def test_of_several_it_is_the_one_that_is_called_http(listening: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        first = handed_over(other, listening)
        sock = activated_socket.take(environ("2", "metrics:http"), first)
        os.close(first)
    assert sock is not None
    with sock:
        assert sock.getsockname() == listening.getsockname()


@pytest.mark.parametrize("variables", [{}, environ(pid=1), {"LISTEN_FDS": "1"}])
def test_without_a_socket_for_this_process_there_is_none(variables: dict[str, str]) -> None:
    assert activated_socket.take(dict(variables)) is None


@pytest.mark.parametrize(
    ("number", "names", "words"),
    [
        ("2", "", "2 sockets, and they are called nothing"),
        ("2", "a:b", "FileDescriptorName=http"),
        ("2", "http:http", "FileDescriptorName=http"),
        ("0", "", "not a number of sockets"),
        ("-1", "", "not a number of sockets"),
        ("many", "", "not a number of sockets"),
        ("", "", "not a number of sockets"),
    ],
)
def test_what_cannot_be_chosen_is_refused(number: str, names: str, words: str) -> None:
    with pytest.raises(SetupError) as error:
        activated_socket.take(environ(number, names), 200)
    assert words in f"{error.value.message} {error.value.hint}"


def test_what_is_no_socket_of_tcp_or_does_not_listen_is_refused() -> None:
    kinds = {
        "is none of TCP": (socket.AF_UNIX, socket.SOCK_STREAM),
        "is none of TCP ": (socket.AF_INET, socket.SOCK_DGRAM),
        "does not listen": (socket.AF_INET, socket.SOCK_STREAM),
    }
    for words, kind in kinds.items():
        with socket.socket(*kind) as sock, pytest.raises(SetupError, match=words.strip()):
            activated_socket.take(environ(), handed_over(sock))


def test_a_descriptor_that_is_none_is_refused() -> None:
    with pytest.raises(SetupError, match="not a socket"):
        activated_socket.take(environ(), 900)
