"""Telephone calls over Twilio Media Streams: 8 kHz mu-law over a WebSocket."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

from fastapi import WebSocket
from pipecat.audio.utils import pcm_to_ulaw
from pipecat.frames.frames import CancelFrame, EndFrame, Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pydantic_core import from_json

from agentrun.call import Call
from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio
from agentrun.transports.connection import Connection
from agentrun.transports.twilio_control import AfterTransfer, TwilioControl
from agentrun.transports.twilio_socket import MediaStreamSocket
from agentrun.transports.twilio_start import Stream

TELEPHONE_RATE = mulaw.RATE
"""Hz, both ways. Pipecat's resampler holds back up to 150 ms for every step between rates."""

OUTBOUND = ("outbound", "outbound_track")
"""The agent's own sound, which a stream of both tracks brings back."""


class Serializer(TwilioFrameSerializer):
    """Pipecat's serializer, which junk in a stream does not end.

    It reads the marks that Twilio echoes, and does not hang up on a caller who was handed on. The caller's
    sound goes to ``audio``, and into the pipeline where that says so.
    """

    def __init__(
        self, control: TwilioControl, socket: MediaStreamSocket, audio: CallerAudio, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._control = control
        self._socket = socket
        self._audio = audio

    async def serialize(self, frame: Frame) -> str | bytes | None:
        is_gone = self._control.handed_on or self._socket.hung_up
        if is_gone and isinstance(frame, EndFrame | CancelFrame):
            return None
        if isinstance(frame, OutputAudioRawFrame):
            resampler = self._output_resampler
            sound = await pcm_to_ulaw(frame.audio, frame.sample_rate, TELEPHONE_RATE, resampler)
            payload = base64.b64encode(sound).decode()
            if not payload:
                return None
            return f'{{"event":"media","streamSid":"{self._stream_sid}","media":{{"payload":"{payload}"}}}}'
        return await super().serialize(frame)

    def take_at_once(self, data: str) -> bool:
        """Take the caller's sound; whether ``data`` was such.

        All else is left, as is sound of which a frame comes that the pipeline does not take at once.
        """
        media = _event(data).get("media")
        if media is None:
            return False
        sound = _sound(media)
        if self._audio.in_frames and self._audio.fills(len(sound)) and not self._audio.hand_in():
            return False
        if frame := self._gathered(sound):
            self._audio.hand_in(frame)
        return True

    async def deserialize(self, data: str | bytes) -> Frame | None:
        event = _event(data)
        if "mark" in event:
            self._control.echoed(event["mark"].get("name"))
            return None
        if "media" in event:
            sound = self._gathered(_sound(event["media"]))
            return InputAudioRawFrame(mulaw.decode_pcm(sound), mulaw.RATE, 1) if sound else None
        try:
            return await super().deserialize(data) if event else None
        except (binascii.Error, TypeError):
            return None

    def _gathered(self, sound: bytes) -> bytes:
        """What goes into the pipeline once all who listen have been told of ``sound``."""
        if not sound:
            return b""
        self._audio.take(sound)
        return self._audio.gather(sound) if self._audio.in_frames else b""


def _sound(media: dict[str, Any]) -> bytes:
    """The caller's sound; nothing where there is none."""
    if media.get("track") in OUTBOUND:
        return b""
    try:
        return base64.b64decode(media.get("payload", ""), validate=True)
    except (ValueError, TypeError):
        return b""


def _event(data: str | bytes) -> dict[str, dict[str, Any]]:
    """What a message says, by its kind; nothing for junk."""
    try:
        message = from_json(data, cache_strings="keys")
    except ValueError:
        return {}
    kind = message.get("event") if isinstance(message, dict) else None
    content = message.get(kind) if isinstance(kind, str) else None
    return {kind: content} if isinstance(kind, str) and isinstance(content, dict) else {}


def connect(
    websocket: WebSocket,
    stream: Stream,
    call: Call,
    environ: Mapping[str, str],
    after: AfterTransfer | None = None,
) -> Connection:
    """The connection of an accepted stream.

    When the agent ends the call, it is hung up over Twilio's REST API if ``environ`` has the credentials:
    ``TWILIO_ACCOUNT_SID`` with ``TWILIO_AUTH_TOKEN`` or with ``TWILIO_API_KEY_SID`` and
    ``TWILIO_API_KEY_SECRET``; ``TWILIO_API_BASE_URL`` is another address for it. ``after`` says
    what becomes of a transfer.
    """
    control = TwilioControl(stream.stream_sid, stream.call_sid, environ, after)
    socket, audio = MediaStreamSocket(websocket), CallerAudio()
    serializer = Serializer(
        control,
        socket,
        audio,
        stream_sid=stream.stream_sid,
        call_sid=stream.call_sid,
        base_url=environ.get("TWILIO_API_BASE_URL") or None,
        **_credentials(environ),
    )
    socket.listen(serializer.take_at_once)
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer)
    transport = FastAPIWebsocketTransport(websocket=cast(WebSocket, socket), params=params)
    return Connection(
        call,
        transport,
        sample_rate_in=TELEPHONE_RATE,
        sample_rate_out=TELEPHONE_RATE,
        control=control,
        why_lost=lambda: socket.lost,
        caller_audio=audio,
    )


def hangs_up(environ: Mapping[str, str]) -> bool:
    """Whether a call that the agent ends is hung up, as ``connect`` says.

    >>> hangs_up({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}), hangs_up({})
    (True, False)
    """
    return "account_sid" in _credentials(environ)


def _credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    account, token = environ.get("TWILIO_ACCOUNT_SID"), environ.get("TWILIO_AUTH_TOKEN")
    key, secret = environ.get("TWILIO_API_KEY_SID"), environ.get("TWILIO_API_KEY_SECRET")
    if account and key and secret:
        return {"account_sid": account, "api_key_sid": key, "api_key_secret": secret}
    if account and token:
        return {"account_sid": account, "auth_token": token}
    return {"params": TwilioFrameSerializer.InputParams(auto_hang_up=False)}
