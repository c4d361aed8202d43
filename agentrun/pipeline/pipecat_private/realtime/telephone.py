"""OpenAI's realtime service with the telephone's mu-law in both directions, without transcoding."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pipecat.frames.frames import InputAudioRawFrame, TTSAudioRawFrame, TTSStartedFrame
from pipecat.services.openai.realtime.llm import CurrentAudioResponse, OpenAIRealtimeLLMService
from pydantic_core import from_json
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from agentrun.pipeline.audio.caller_pieces import CallerPieces
from agentrun.pipeline.pipecat_private.realtime.events import session_events
from agentrun.pipeline.pipecat_private.realtime.readable_events import SOUND, WORDS
from agentrun.pipeline.services.connections.reading_pauses import ReadingPauses
from agentrun.transports import mulaw

WAITING_PIECES = 250
"""Pieces of 20 ms that wait for a session to begin, or to begin anew; older ones are dropped."""
MOST_UNSENT_BYTES = 256 * 1024
"""Of a socket that takes nothing any more: 20 s of sound. What comes then is dropped."""
PIECE_BYTES = 640
"""80 ms: what of an answer goes on as one frame, but for its beginning."""
PIECE_SECONDS = 0.04
"""For how long sound and words wait to be such a piece, as long as more comes."""
LEAD_SECONDS = 0.05
"""Until so much of an answer has gone on that was not heard yet, its sound does not wait: 40 ms are the least
that a line is sent, and it has to last for ``PIECE_SECONDS``."""
AHEAD_SECONDS = 0.4
"""Where so much of an answer has gone on that was not heard yet, a piece is larger."""
LARGER = 2.5
"""By how much: 200 ms, or 100 ms of waiting."""
REST_SECONDS = 0.1
"""For how long nothing is read then, unless the caller makes a sound, to which the model may react."""
Taker = Callable[[dict[str, Any]], Awaitable[None]]
"""Given an event."""


class PcmuRealtime(OpenAIRealtimeLLMService):
    """Speaks ``audio/pcmu`` with the model. Pipecat's service knows 24 kHz PCM alone.

    The caller's sound comes from ``take``, or in frames at 8 kHz where processors before it need frames.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces: CallerPieces | None = None
        self._rests = ReadingPauses()
        self._unsent: deque[str] = deque(maxlen=WAITING_PIECES)
        self._heard = bytearray()
        self._words = ""
        self._handed_on_at = self._handed_on_until = 0.0

    def join_pieces(self) -> None:
        """Send the caller's sound in larger pieces where the model does not wait for it.

        For a server that finds the caller's turns, and says so: another one is never silent in time.
        """
        events = session_events(self)
        if events is not None:
            self._pieces = CallerPieces(lambda: events.caller_speaks)

    def take(self, sound: bytes) -> None:
        """Send mu-law ``sound`` on, or keep it until the session has begun; never waits."""
        if self._audio_input_paused:
            if self._pieces:
                self._pieces.drop()
            return
        if self._pieces:
            sound = self._pieces.take(sound, at_once=bool(self._unsent) or not self._api_session_ready)
            if not self._pieces.is_silent:
                self._rests.end()
        if not sound:
            return
        event = f'{{"type":"input_audio_buffer.append","audio":"{base64.b64encode(sound).decode()}"}}'
        if self._unsent or not self._send_now(event):
            self._unsent.append(event)

    def _send_now(self, event: str) -> bool:
        socket: Any = self._websocket
        if socket is None or not self._api_session_ready or self._disconnecting:
            return False
        return send_at_once(getattr(socket, "socket", socket), event)

    async def _handle_evt_session_updated(self, evt: Any) -> None:
        await super()._handle_evt_session_updated(evt)  # type: ignore[no-untyped-call]
        while self._unsent and self._send_now(self._unsent[0]):
            self._unsent.popleft()

    async def _send_user_audio(self, frame: InputAudioRawFrame) -> None:
        sound = mulaw.encode_pcm(frame.audio)
        self.take(sound)
        if self._is_turn_detection_disabled():
            self._user_audio_preroll_buffer += sound
            kept = int(mulaw.RATE * self._user_audio_preroll_secs)
            del self._user_audio_preroll_buffer[:-kept]

    async def _receive_task_handler(self) -> None:
        whole = self._websocket
        apart = SoundApart(whole, self._hear, self._read, self._hand_on) if whole is not None else None
        self._websocket = apart
        try:
            await super()._receive_task_handler()  # type: ignore[no-untyped-call]
        finally:
            # whoever reads on after an event that failed reads from the same socket, and not through two
            if self._websocket is apart:
                self._websocket = whole

    async def _hear(self, event: dict[str, Any]) -> None:
        before: Any = self._current_audio_response
        current: Any = before
        is_first = before is None or before.item_id != event["item_id"]
        if is_first:
            await self.stop_ttfb_metrics()
            where = {key: event[key] for key in ("item_id", "content_index", "response_id")}
            current = CurrentAudioResponse(start_time_ms=int(time.time() * 1000), **where)
            self._current_audio_response = current
        if before is None:
            self._handed_on_until = 0.0
            await self.push_frame(TTSStartedFrame())
        sound = base64.b64decode(event["delta"])
        current.total_size += len(sound)
        self._heard += sound
        if is_first or self._lead() < LEAD_SECONDS or self._is_whole_piece():
            await self._hand_on()
            socket: Any = self._websocket
            if self._pieces and self._pieces.is_silent and self._is_ahead():
                self._rests.begin(socket.transport, REST_SECONDS)

    def _lead(self) -> float:
        """Seconds of the answer that have gone on and were not heard yet."""
        return self._handed_on_until - asyncio.get_running_loop().time()

    def _is_ahead(self) -> bool:
        return self._lead() >= AHEAD_SECONDS

    async def _read(self, event: dict[str, Any]) -> None:
        self._words += event["delta"]
        if self._is_whole_piece():
            await self._hand_on()

    def _is_whole_piece(self) -> bool:
        """Whether what has come is to go on by now."""
        larger = LARGER if self._is_ahead() else 1.0
        waited = asyncio.get_running_loop().time() - self._handed_on_at
        return len(self._heard) >= PIECE_BYTES * larger or waited >= PIECE_SECONDS * larger

    async def _hand_on(self) -> None:
        """Push what has come of an answer: its words, which the model is ahead with, and its sound."""
        now = self._handed_on_at = asyncio.get_running_loop().time()
        if self._words:
            words, self._words = self._words, ""
            await self._push_output_transcript_text_frames(words)
        if self._heard:
            sound, self._heard = self._heard, bytearray()
            self._handed_on_until = max(self._handed_on_until, now) + len(sound) / mulaw.RATE
            await self.push_frame(TTSAudioRawFrame(mulaw.decode_pcm(sound), mulaw.RATE, 1))

    def _calculate_audio_duration_ms(
        self, total_bytes: int, sample_rate: int = mulaw.RATE, bytes_per_sample: int = 1
    ) -> int:
        return super()._calculate_audio_duration_ms(total_bytes, sample_rate, bytes_per_sample)


class SoundApart:
    """A socket whose events of sound go to ``hear``, and those of its words to ``read``.

    Pipecat would have each checked by pydantic. ``hand_on`` is awaited before any other event, and at the
    end: what came until then comes first.
    """

    def __init__(self, socket: Any, hear: Taker, read: Taker, hand_on: Callable[[], Awaitable[None]]) -> None:
        self.socket = socket
        self._hear = hear
        self._read = read
        self._hand_on = hand_on

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        try:
            async for message in self.socket:
                if not await self._is_taken(message):
                    await self._hand_on()
                    yield message
        except ConnectionClosed:
            await self._hand_on()
            raise
        await self._hand_on()

    async def _is_taken(self, message: str | bytes) -> bool:
        """Whether ``message`` is one of sound or of its words; those have been taken then."""
        if not isinstance(message, str) or not (SOUND in message or WORDS in message):
            return False
        event = from_json(message, cache_strings="keys")
        kind = event.get("type")
        if kind == "response.output_audio.delta":
            await self._hear(event)
        elif kind == "response.output_audio_transcript.delta":
            await self._read(event)
        else:
            return False
        return True


def send_at_once(socket: ClientConnection, text: str) -> bool:
    """Send ``text`` without a coroutine; False when the socket is closed, closing, or takes nothing.

    ``send`` of websockets enters a context and waits for the buffer, at several times the price.
    """
    if socket.protocol.state is not State.OPEN:
        return False
    if socket.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
        return True
    socket.protocol.send_text(text.encode())
    socket.send_data()
    return True
