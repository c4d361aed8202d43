"""Speech that is made before calls come: its provider can't hold a start up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.pipeline.audio import prepared_speech
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from tests.log_lines import log_lines

AGENT = "name: {name}\ntransport: local\nprompts: {{system: Be brief., greeting: {{say: Hello!}}}}\n"
SOUND = b"\0\1\0\377" * 12_000


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """The log's warnings."""
    with log_lines("WARNING") as lines:
        yield lines


@contextlib.asynccontextmanager
async def provider(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A voice on loopback that sends ``answer``, or hangs when there is none; and the requests it got."""
    requests: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            if answer:
                writer.write(answer)
                await writer.drain()
            else:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/v1", requests


def plans(folder: Path, address: str, *names: str) -> dict[str, Plan]:
    """An agent of each name whose voice is at ``address``."""
    environ = {"OPENAI_API_KEY": "key-of-the-test", "OPENAI_BASE_URL": address}
    found = {}
    for name in names:
        path = folder / f"{name}.yaml"
        path.write_text(AGENT.format(name=name), encoding="utf-8")
        found[name] = planning.make(spec.load(path), [], environ)
    return found


async def test_a_voice_that_hangs_is_waited_for_once_for_all_agents_and_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    monkeypatch.setattr(prepared_speech, "START_SECONDS", 1.0)
    async with provider(b"") as (address, requests), Resources() as resources:
        apologies = await prepared_speech.prepare(plans(tmp_path, address, "desk", "bar"), resources)
    assert apologies == {"desk": None, "bar": None}
    assert len(requests) == 4, "apologies and greetings of both were not asked for at once"
    (line,) = warnings
    assert line.startswith(f"{address} speaks no apology or greeting ahead for desk, bar: no answer in time.")
    assert "agentrun doctor --live" in line


async def test_a_voice_that_is_not_there_is_told_with_its_address(
    tmp_path: Path, warnings: list[str], unused_tcp_port: int
) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}/v1"
    async with Resources() as resources:
        apologies = await prepared_speech.prepare(plans(tmp_path, address, "desk"), resources)
    assert apologies == {"desk": None}
    (line,) = warnings
    assert line.startswith(f"{address} speaks no apology or greeting ahead for desk: ")


async def test_a_voice_that_refuses_the_key_is_told_without_the_key(
    tmp_path: Path, warnings: list[str]
) -> None:
    body = b'{"error": {"message": "Incorrect API key provided: key-of-the-test"}}'
    refusal = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    async with provider(refusal) as (address, _), Resources() as resources:
        await prepared_speech.prepare(plans(tmp_path, address, "desk"), resources)
    (line,) = warnings
    assert "status 401" in line
    assert "key-of-the-test" not in line


async def test_a_user_and_a_password_in_the_address_are_not_told(
    tmp_path: Path, warnings: list[str], unused_tcp_port: int
) -> None:
    address = f"http://rosa:secret@127.0.0.1:{unused_tcp_port}/v1"
    async with Resources() as resources:
        await prepared_speech.prepare(plans(tmp_path, address, "desk"), resources)
    assert len(warnings) == 1
    assert "secret" not in warnings[0]


async def test_agents_with_speech_have_it_whatever_becomes_of_another(
    tmp_path: Path, warnings: list[str], unused_tcp_port: int
) -> None:
    spoken = b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\ncontent-length: 48000\r\n\r\n" + SOUND
    async with provider(spoken) as (address, _), Resources() as resources:
        good = plans(tmp_path, address, "desk")
        bad = plans(tmp_path, f"http://127.0.0.1:{unused_tcp_port}/v1", "bar")
        apologies = await prepared_speech.prepare({**bad, **good}, resources)
    assert apologies == {"desk": SOUND, "bar": None}
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("text/html", b"<html>Service Unavailable</html>" * 1_000, "text instead of sound"),
        ("audio/mpeg", b"ID3" + SOUND, "MP3 instead of PCM"),
        ("audio/pcm", bytes(48_000), "all of it silence"),
        ("audio/pcm", SOUND[:480], "s of sound for"),
        ("audio/pcm", b"", "nothing in it"),
    ],
)
async def test_what_is_no_speech_is_not_kept_as_an_apology(
    tmp_path: Path, warnings: list[str], kind: str, body: bytes, reason: str
) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    async with provider(head.encode() + body) as (address, _), Resources() as resources:
        apologies = await prepared_speech.prepare(plans(tmp_path, address, "desk"), resources)
    assert apologies == {"desk": None}
    assert reason in warnings[0]
