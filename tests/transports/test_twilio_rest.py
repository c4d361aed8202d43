"""What came of a request to Twilio: it was refused, or nobody can say whether it was heeded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioAccount, TwilioError


@contextlib.asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[TwilioAccount]:
    """Twilio that sends ``answer`` and hangs up; None is silence."""
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        if answer is None:
            await reader.read()
        writer.write(answer or b"")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield TwilioAccount("AC1", ("AC1", "token"), f"http://127.0.0.1:{port}")
    finally:
        server.close()
        await asyncio.gather(*filter(None, serving))


def http(status: int, body: str) -> bytes:
    return f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "Twilio can't be reached: ReadTimeout"),
        (b"", "Twilio can't be reached: RemoteProtocolError"),
        (http(500, "{}"), "Twilio answered 500: None [(]0[)]"),
        (http(502, "<html>"), "Twilio answered 502, and no JSON"),
        (http(201, "<html>"), "Twilio answered 201, and no JSON"),
        (http(201, "[]"), "Twilio answered 201, and no JSON"),
        (http(201, "{}"), "Twilio did not say what the call's SID is"),
    ],
)
async def test_a_request_whose_answer_got_lost_may_have_been_heeded(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | None, message: str
) -> None:
    monkeypatch.setattr(twilio_rest, "TIMEOUT_SECONDS", 0.3)
    async with answering(answer) as account:
        with pytest.raises(TwilioError, match=message) as lost:
            await account.place({"To": "+15557654321"})
    assert lost.value.unknown


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_a_request_that_was_refused_was_not_heeded(status: int) -> None:
    async with answering(http(status, '{"message": "no", "code": 21211}')) as account:
        with pytest.raises(TwilioError, match=f"Twilio answered {status}: no [(]21211[)]") as refused:
            await account.place({"To": "+1"})
    assert (refused.value.unknown, refused.value.code) == (False, 21211)


async def test_a_request_that_never_left_was_not_heeded() -> None:
    async with answering(None) as account:
        pass
    with pytest.raises(TwilioError, match="ConnectError") as unsent:
        await account.place({"To": "+15557654321"})
    assert not unsent.value.unknown
