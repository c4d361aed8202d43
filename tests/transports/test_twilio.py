"""The caller's sound on a Twilio stream: to those who listen, and into the pipeline where it is needed."""

import base64
import json
from typing import Any, cast

import numpy as np
import pytest
from fastapi import WebSocket
from pipecat.audio.utils import create_stream_resampler, ulaw_to_pcm
from pipecat.frames.frames import InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame
from pipecat.serializers.twilio import TwilioFrameSerializer

from agentrun.transports import mulaw
from agentrun.transports.caller_audio import WINDOW_BYTES, CallerAudio
from agentrun.transports.twilio import Serializer
from agentrun.transports.twilio_control import TwilioControl
from agentrun.transports.twilio_socket import MediaStreamSocket
from tests.log_lines import log_lines

SOUND = bytes(range(160))


def _media(payload: Any) -> str:
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": payload}})


def _serializer(audio: CallerAudio) -> Serializer:
    params = TwilioFrameSerializer.InputParams(auto_hang_up=False)
    socket = MediaStreamSocket(cast(WebSocket, None))
    return Serializer(TwilioControl("MZ1", "CA1", {}), socket, audio, stream_sid="MZ1", params=params)


@pytest.mark.parametrize("rate", [8_000, 24_000])
async def test_the_agent_s_sound_is_written_as_pipecat_writes_it(rate: int) -> None:
    samples = np.random.default_rng(1).integers(-32_768, 32_767, rate // 5).astype(np.int16)
    frame = OutputAudioRawFrame(samples.tobytes(), rate, 1)
    serializer = _serializer(CallerAudio())
    plain = TwilioFrameSerializer("MZ1", params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
    ours, theirs = await serializer.serialize(frame), await plain.serialize(frame)
    assert ours
    assert theirs
    assert json.loads(ours) == json.loads(theirs)


async def test_no_sound_is_no_message() -> None:
    assert await _serializer(CallerAudio()).serialize(OutputAudioRawFrame(b"", 8_000, 1)) is None


async def test_the_sound_goes_to_those_who_listen_and_into_the_pipeline() -> None:
    audio, heard = CallerAudio(), list[bytes]()
    audio.listen(heard.append)
    serializer, sound = _serializer(audio), _media(base64.b64encode(SOUND).decode())
    assert await serializer.deserialize(sound) is None
    assert heard == [SOUND]
    frame = await serializer.deserialize(sound)
    assert heard == [SOUND, SOUND]
    assert isinstance(frame, InputAudioRawFrame)
    assert (frame.audio, frame.sample_rate, frame.num_channels) == (mulaw.decode_pcm(SOUND * 2), 8_000, 1)


@pytest.mark.parametrize("prompt", [True, False])
async def test_a_frame_goes_into_the_pipeline_whenever_a_window_is_full_and_nothing_is_lost(
    prompt: bool,
) -> None:
    audio, pieces = CallerAudio(), [bytes([number]) * 160 for number in range(16)]
    serializer = _serializer(audio)
    frames: list[bytes] = []
    late: list[int] = []
    for number, piece in enumerate(pieces, 1):
        message = _media(base64.b64encode(piece).decode())
        if not (prompt and serializer.take_at_once(message)):
            frame = await serializer.deserialize(message)
            frames += [frame.audio] if isinstance(frame, InputAudioRawFrame) else []
        windows = number * 160 // WINDOW_BYTES
        late += [number] if sum(map(len, frames)) // 2 // WINDOW_BYTES < windows else []
    assert b"".join(frames) == mulaw.decode_pcm(b"".join(pieces))
    assert [len(frame) // 320 for frame in frames] == [2, 2, 1, 2, 1] * 2
    assert late == []


@pytest.mark.parametrize("takes", [True, False])
async def test_a_frame_is_handed_to_a_pipeline_that_takes_it_at_once(takes: bool) -> None:
    audio, frames = CallerAudio(), list[bytes]()

    def pipeline(sound: bytes) -> bool:
        frames.extend([sound] if sound else [])
        return takes

    audio.hand_to(pipeline)
    serializer, sound = _serializer(audio), _media(base64.b64encode(SOUND).decode())
    assert [serializer.take_at_once(sound) for _ in range(2)] == [True, takes]
    assert frames == ([SOUND * 2] if takes else [])
    if not takes:
        assert isinstance(await serializer.deserialize(sound), InputAudioRawFrame)


async def test_the_pipeline_is_spared_the_sound_that_it_does_not_need() -> None:
    audio, heard = CallerAudio(), list[bytes]()
    audio.listen(heard.append)
    audio.in_frames = False
    serializer = _serializer(audio)
    assert await serializer.deserialize(_media(base64.b64encode(SOUND).decode())) is None
    assert heard == [SOUND]
    key = {"event": "dtmf", "streamSid": "MZ1", "dtmf": {"digit": "5"}}
    assert isinstance(await serializer.deserialize(json.dumps(key)), InputDTMFFrame)


async def test_sound_that_the_pipeline_does_not_need_is_taken_as_it_comes_and_all_else_is_left() -> None:
    audio, heard = CallerAudio(), list[bytes]()
    audio.listen(heard.append)
    serializer = _serializer(audio)
    sound = _media(base64.b64encode(SOUND).decode())
    assert serializer.take_at_once(sound)
    assert not serializer.take_at_once(sound)
    assert heard == [SOUND]
    heard.clear()
    audio.in_frames = False
    assert serializer.take_at_once(sound)
    assert heard == [SOUND]
    agents = {"event": "media", "media": {"track": "outbound", "payload": "/w=="}}
    assert serializer.take_at_once(json.dumps(agents))
    assert heard == [SOUND]
    mark = '{"event":"mark","mark":{"name":"media"}}'
    for other in ('{"event":"stop","stop":{}}', mark, "junk", "[" * 9999):
        assert not serializer.take_at_once(other)


@pytest.mark.parametrize("payload", ["", "not base64!", 'ab"},"x":{"', None, 7, ["AAAA"], {}, "é" * 8])
async def test_a_payload_that_is_no_sound_is_dropped_and_told_to_nobody(payload: Any) -> None:
    audio, heard = CallerAudio(), list[bytes]()
    audio.listen(heard.append)
    assert await _serializer(audio).deserialize(_media(payload)) is None
    assert heard == []


async def test_mulaw_is_decoded_as_pipecat_does_and_comes_back_whole() -> None:
    every = bytes(range(256))
    assert await ulaw_to_pcm(every, 8_000, 8_000, create_stream_resampler()) == mulaw.decode_pcm(every)
    assert mulaw.decode_pcm(mulaw.encode_pcm(mulaw.decode_pcm(every))) == mulaw.decode_pcm(every)


def test_a_listener_that_fails_is_left_out_and_the_others_hear_on() -> None:
    audio, heard, asked = CallerAudio(), list[bytes](), list[bytes]()

    def fails(sound: bytes) -> None:
        asked.append(sound)
        raise ValueError("no room")

    for listener in (heard.append, fails, heard.append):
        audio.listen(listener)
    with log_lines("ERROR") as said:
        for _ in range(50):
            audio.take(b"a")
    assert (len(heard), len(asked)) == (100, 1)
    assert len(said) == 1
    assert "ValueError: no room" in said[0]
