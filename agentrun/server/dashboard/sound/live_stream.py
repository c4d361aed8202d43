"""Live listening: both sides of a call as a WAV file that grows with it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import HTTPException, Request
from loguru import logger
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agentrun.records import CallRecord, ListenerEntry
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard.sound import relay
from agentrun.server.forwarding.forwarding import Body, Forwarding
from agentrun.session.tracking.live_sound import Listener, ListenError

MOST_NOTED = 50
"""Entries of a record: whoever listens again and again does not fill it."""
_LONGEST_NAME = 60
_ENDLESS = 0xFFFF_FFFF
_ELSEWHERE = "another worker or server has this call: ask again over a new connection, or at that server"
LISTENING = "listening"
Row = Mapping[str, Any]
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LiveStreams:
    """Lets people listen to the calls of ``switchboard``."""

    def __init__(self, switchboard: Switchboard, forwarding: Forwarding | None = None) -> None:
        self._switchboard = switchboard
        self._forwarding = forwarding

    def refusal(self, agent: str, call_id: str) -> str | None:
        """Why nobody may listen to a call now, in words; empty where one may, None for a call elsewhere."""
        session = self._switchboard.session(agent, call_id)
        return session.line.sound.refusal if session else None

    async def answer(self, row: Row, request: Request) -> Response:
        """The sound of a call from now on, as WAV, also of another process's; who listens is noted.

        Raises HTTPException: 403 where nobody may listen, 421 where the call is up in no process that can be
        asked, 503 where the one that has it does not answer.
        """
        who = _who(request)
        if (here := self.here(row["agent"], row["id"], who)) is not None:
            return here
        body = {"agent": row["agent"], "id": row["id"], "who": who}
        if self._forwarding and (there := await relay.of_machine(self._forwarding, row, LISTENING, body)):
            return there
        raise HTTPException(421, _ELSEWHERE, {"Connection": "close"})

    def here(self, agent: str, call_id: str, who: str) -> Response | None:
        """The sound of a call that is up in this process, for ``who`` listens; None for any other call.

        Raises HTTPException: 403 where nobody may listen.
        """
        session = self._switchboard.session(agent, call_id)
        if session is None:
            return None
        sound, note = session.line.sound, _Note(session.record, who)
        try:
            listener = sound.listen(note.end)
        except ListenError as error:
            raise HTTPException(403, f"nobody may listen to this call now: {error}") from None
        note.begin()
        return _SoundResponse(sound.rate, listener)


def answer_others(forwarding: Forwarding, switchboard: Switchboard) -> None:
    """Have ``forwarding`` send other processes the sound of the calls that are up here."""
    streams = LiveStreams(switchboard)

    async def listening(asked: Body) -> Response:
        answer = streams.here(asked["agent"], asked["id"], asked["who"])
        if answer is None:
            raise HTTPException(404, "this call is not up here")
        return answer

    forwarding.on(LISTENING, listening)


class _Note:
    """Says in the record and the log that somebody listens."""

    def __init__(self, record: CallRecord, who: str) -> None:
        self._record = record
        self._entry = ListenerEntry(record.elapsed(), who)

    def begin(self) -> None:
        """They do."""
        logger.info("call {}: {} listens", self._record.id, self._entry.by)
        if len(self._record.listening) < MOST_NOTED:
            self._record.listening.append(self._entry)

    def end(self) -> None:
        """They no longer do."""
        seconds = round(self._record.elapsed() - self._entry.at, 1)
        logger.info("call {}: {} listened for {} s", self._record.id, self._entry.by, seconds)
        entries = self._record.listening
        entries[:] = [replace(each, seconds=seconds) if each is self._entry else each for each in entries]


class _SoundResponse(Response):
    """A WAV file without end; the listener is let go when they have gone, whatever they were sent last."""

    media_type = "audio/wav"

    def __init__(self, rate: int, listener: Listener) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._head = _wav_head(rate)
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the sound as it is spoken."""
        watching = asyncio.create_task(self._watch(receive))
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            piece = self._head
            while piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._listener.take()
            await send({"type": "http.response.body"})
        finally:
            watching.cancel()
            self._listener.end("they have gone")

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.end("they have gone")


def _wav_head(rate: int) -> bytes:
    """The head of a WAV file of unknown length: 16-bit PCM, two channels.

    >>> len(_wav_head(8000))
    44
    """
    form = struct.pack("<IHHIIHH", 16, 1, 2, rate, rate * 4, 4, 16)
    size = struct.pack("<I", _ENDLESS)
    return b"RIFF" + size + b"WAVEfmt " + form + b"data" + size


def _who(request: Request) -> str:
    """The name that was given with the password, as printable text, and where from."""
    address = request.client.host if request.client else ""
    place = "this machine" if is_loopback(address) else address or "an unknown address"
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    name = ""
    if scheme.lower() == "basic":
        try:
            name = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            name = ""
    name = "".join(letter for letter in name if letter.isprintable())[:_LONGEST_NAME].strip()
    return f"{name} at {place}" if name else place
