"""Messages that came whole are read as websockets reads them, and all else is left to it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol
from websockets.server import ServerProtocol
from websockets.streams import StreamReader
from websockets.uri import parse_uri

from agentrun.http.prompt_messages import PromptMessagesProtocol
from agentrun.http.whole_messages import is_between_messages, read_text

LENGTHS = (0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000)


def pair() -> tuple[ClientProtocol, ServerProtocol]:
    """Both ends of a WebSocket that is open."""
    client, server = ClientProtocol(parse_uri("ws://here/")), ServerProtocol()
    client.send_request(client.connect())
    server.receive_data(b"".join(client.data_to_send()))
    [request] = server.events_received()
    server.send_response(server.accept(request))  # type: ignore[arg-type]
    client.receive_data(b"".join(server.data_to_send()))
    client.events_received()
    return client, server


def masked(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True, extensions=[])


@pytest.mark.parametrize("length", LENGTHS)
def test_a_message_is_read_whole_or_not_at_all(length: int) -> None:
    text = random.Random(length).randbytes(length)
    sent = masked(Opcode.TEXT, text)
    found = read_text(b"ab" + sent + b"\x81", 2, None)
    assert found == ((text, 2 + len(sent)) if length < 65_536 else None)
    for missing in {1, 2, len(sent) // 2, len(sent) - 1, len(sent)}:
        assert read_text(sent[: len(sent) - missing], 0, None) is None
    assert read_text(sent, 0, length - 1) is None
    assert (read_text(sent, 0, length) is None) is (length > 65_535)


@pytest.mark.parametrize("opcode", [each for each in Opcode if each is not Opcode.TEXT])
def test_no_other_kind_of_message_is_read(opcode: Opcode) -> None:
    assert read_text(masked(opcode, b"12345678"), 0, None) is None


def test_nothing_is_read_that_breaks_the_rules() -> None:
    whole = masked(Opcode.TEXT, b"12345678")
    unmasked = Frame(Opcode.TEXT, b"12345678").serialize(mask=False, extensions=[])
    compressed = bytes([whole[0] | 0x40]) + whole[1:]
    part = masked(Opcode.TEXT, b"12345678", fin=False)
    assert [read_text(each, 0, None) for each in (unmasked, compressed, part)] == [None] * 3


def test_the_parser_tells_at_each_byte_whether_a_message_begins() -> None:
    _, server = pair()
    sent = [
        (masked(Opcode.TEXT, b"x" * 5), True),
        (masked(Opcode.TEXT, b"x" * 300), True),
        (masked(Opcode.PING, b""), True),
        (masked(Opcode.TEXT, b"x", fin=False), False),
        (masked(Opcode.PING, b"y"), False),
        (masked(Opcode.CONT, b"x"), True),
        (masked(Opcode.BINARY, b"x" * 70_000), True),
    ]
    assert is_between_messages(server)
    for frame, ends in sent:
        for number, byte in enumerate(frame):
            server.receive_data(bytes([byte]))
            assert is_between_messages(server) is (ends and number == len(frame) - 1)
    server.receive_data(masked(Opcode.CLOSE, b""))
    assert not is_between_messages(server)


def test_before_the_handshake_and_with_an_extension_nothing_is_read() -> None:
    assert not is_between_messages(ServerProtocol())
    _, server = pair()
    server.extensions = [object()]  # type: ignore[list-item]
    assert not is_between_messages(server)


@pytest.mark.parametrize("name", ["current_size", "max_message_size", "parser"])
def test_another_websockets_reads_all_by_itself(name: str) -> None:
    _, server = pair()
    delattr(server, name)
    assert not is_between_messages(server)


def test_websockets_still_waits_for_messages_where_it_did() -> None:
    assert StreamReader.at_eof.__code__.co_flags & 0x20  # a generator
    assert all(hasattr(Protocol, name) for name in ("parse", "discard", "receive_data"))
    assert {"parser", "current_size", "extensions", "max_message_size"} <= set(vars(ServerProtocol()))


class Transport:
    """What a connection writes."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False
        self.paused = 0

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused += 1

    def get_extra_info(self, _name: str) -> Any:
        return None


def connection(kind: type[WebSocketsSansIOProtocol], taken: list[str]) -> tuple[Any, Transport]:
    """A server's end of an open WebSocket, which takes texts that begin with an ``s``."""

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        """Nobody reads."""

    transport: Any = Transport()
    made = kind(Config(app, ws_max_size=1_000, log_config=None), ServerState(), {})
    made.connection_made(transport)
    _, made.conn = pair()
    made.conn.max_message_size = 1_000
    made.handshake_complete = True
    if isinstance(made, PromptMessagesProtocol):

        def take(text: str) -> bool:
            if text.startswith("s"):
                taken.append(text)
            return text.startswith("s")

        made.listen(take)
    return made, transport


def frames(rng: random.Random) -> Iterator[bytes]:
    for number in itertools.count():
        text = f"{rng.choice('sssk')}{number}{'.' * rng.choice((0, 0, 120, 300, 700))}".encode()
        kind = rng.random()
        if kind < 0.7:
            yield masked(Opcode.TEXT, text)
        elif kind < 0.8:
            yield masked(Opcode.TEXT, text, fin=False)
            if rng.random() < 0.5:
                yield masked(Opcode.PING, b"p")
            yield masked(Opcode.CONT, b"more")
        elif kind < 0.9:
            yield masked(Opcode.BINARY, text)
        else:
            yield masked(Opcode.PONG, b"") if kind < 0.95 else masked(Opcode.PING, text[:100])


LAST = {
    "nothing": b"",
    "too long": masked(Opcode.TEXT, b"s" * 1_001) + masked(Opcode.TEXT, b"s behind"),
    "no text": masked(Opcode.TEXT, b"s\xff") + masked(Opcode.TEXT, b"s behind"),
    "unmasked": b"\x81\x01s" + masked(Opcode.TEXT, b"s behind"),
    "closed": masked(Opcode.CLOSE, b"\x03\xe8bye") + masked(Opcode.TEXT, b"s behind"),
}


@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("seed", range(12))
async def test_a_stream_cut_anywhere_gives_the_same_as_without(seed: int, last: str) -> None:
    rng = random.Random(seed)
    stream = b"".join(itertools.islice(frames(rng), 60)) + LAST[last]
    taken: list[str] = []
    prompt, ours = connection(PromptMessagesProtocol, taken)
    plain, theirs = connection(WebSocketsSansIOProtocol, [])
    at = 0
    while at < len(stream) and not theirs.closed:
        size = rng.choice((1, 3, 50, 400, 400, 2_000))
        for each in (prompt, plain):
            each.data_received(stream[at : at + size])
        # what waits is read at once, so that nothing is left behind it
        queued = [prompt.queue.get_nowait() for _ in range(prompt.queue.qsize())]
        whole = [plain.queue.get_nowait() for _ in range(plain.queue.qsize())]
        news = [{"type": "websocket.receive", "text": text} for text in taken]
        taken.clear()
        assert sorted(map(str, queued + news)) == sorted(map(str, whole))
        at += size
    assert (ours.written, ours.closed) == (theirs.written, theirs.closed)
