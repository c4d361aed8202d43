"""Brings a telephone caller's audio into the pipeline without delay."""

from __future__ import annotations

from collections.abc import Callable

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.websocket.fastapi import FastAPIWebsocketInputTransport

from agentrun.pipeline.pipecat_private.hearing.silero import SharedSilero
from agentrun.pipeline.turns.steady_sound import SteadySound
from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio


def hand_in(
    audio: CallerAudio, source: FrameProcessor | None, piece: Callable[[bytes], bytes] = bytes
) -> None:
    """Have ``audio`` put its frames where ``source``, a WebSocket's input, would put them.

    On Pipecat's way a message waits in the server's queue, wakes the task that receives, and is read twice.
    ``piece`` says what of the sound, 16-bit samples, is put there when more of it has come.
    """
    if not isinstance(source, FastAPIWebsocketInputTransport):
        return

    def take(sound: bytes) -> bool:
        if source._audio_task is None or source._paused or not source._params.audio_in_enabled:
            return False
        if sound and (samples := piece(mulaw.decode_pcm(sound))):
            source._audio_in_queue.put_nowait(InputAudioRawFrame(samples, mulaw.RATE, 1))
        return True

    audio.hand_to(take)


def steady_pieces(caller: LLMUserAggregator, seconds: float) -> Callable[[bytes], bytes]:
    """Pieces of a telephone's sound for ``caller``'s voice detector and those who collect sound before it.

    While the detector hears no change, ``seconds`` of it are one piece; with 0 there are none but windows.
    """
    analyzer = caller._params.vad_analyzer
    if not seconds or not isinstance(analyzer, SharedSilero):
        return bytes
    most = int(mulaw.RATE * seconds) * 2
    return SteadySound(analyzer.judge, lambda: not caller._user_is_muted, most).piece
