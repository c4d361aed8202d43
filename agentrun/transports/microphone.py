"""This machine's microphone and loudspeakers, through PyAudio and PortAudio.

Nothing cancels the echo: with loudspeakers the agent hears itself and interrupts itself. Use headphones.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pipecat.frames.frames import StartFrame
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.call import Call
from agentrun.errors import SetupError
from agentrun.spec.checks.required_extras import microphone
from agentrun.spec.models.agent import LocalTransport
from agentrun.transports.connection import Connection

try:
    import pyaudio
    from pipecat.transports.local.audio import (
        LocalAudioInputTransport,
        LocalAudioTransport,
        LocalAudioTransportParams,
    )
except (ImportError, OSError) as error:
    raise SetupError(f"the microphone needs PyAudio and PortAudio: {error}", microphone()) from None


class _Input(LocalAudioInputTransport):
    def __init__(self, transport: Microphone, py_audio: Any, params: LocalAudioTransportParams) -> None:
        super().__init__(py_audio, params)
        self._transport = transport

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self._transport.connected()


class Microphone(LocalAudioTransport):
    """Whoever sits there is connected as soon as the pipeline has started."""

    def __init__(self, params: LocalAudioTransportParams) -> None:
        super().__init__(params)
        self._microphone = _Input(self, self._pyaudio, params)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> FrameProcessor:
        """The microphone."""
        return self._microphone

    async def connected(self) -> None:
        """Sound comes in."""
        await self._call_event_handler("on_client_connected", None)


def connect(wanted: LocalTransport, agent: str, environ: Mapping[str, str], *, offline: bool) -> Connection:
    """The connection of whoever sits at this machine.

    Raises SetupError when there is no such device.
    """
    audio = pyaudio.PyAudio()
    try:
        source = _device(audio, "input", wanted.input)
        sink = _device(audio, "output", wanted.output)
    finally:
        audio.terminate()
    params = LocalAudioTransportParams(
        audio_in_enabled=True, audio_out_enabled=True, input_device_index=source, output_device_index=sink
    )
    call = Call(id=uuid.uuid4().hex, agent=agent, transport="local", environ=environ, offline=offline)
    return Connection(call, Microphone(params))


def _device(audio: Any, way: str, name: str | None) -> int:
    """The index of the default device, or of the one whose name has ``name`` in it."""
    if name is None:
        try:
            info = getattr(audio, f"get_default_{way}_device_info")()
        except OSError:
            what = "microphone" if way == "input" else "loudspeakers"
            raise SetupError(
                f"this machine has no {what}", "plug one in, or use the browser: transport: local"
            ) from None
        return int(info["index"])
    channels = f"max{way.capitalize()}Channels"
    every = (audio.get_device_info_by_index(index) for index in range(audio.get_device_count()))
    usable = [info for info in every if info[channels]]
    for info in usable:
        if name.lower() in str(info["name"]).lower():
            return int(info["index"])
    names = ", ".join(str(info["name"]) for info in usable) or "none"
    raise SetupError(f"no {way} device has '{name}' in its name", f"this machine has: {names}")
