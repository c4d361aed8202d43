"""A realtime model that speaks a telephone's mu-law: what it is sent, and what is made of its answers."""

import asyncio
import base64
import inspect
import json
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.protocol import State

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.realtime import telephone as telephone_realtime
from agentrun.pipeline.pipecat_private.realtime.telephone import PcmuRealtime, SoundApart
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.transports import mulaw

PIECE = bytes(range(160))
SILENCE = bytes([mulaw.SILENCE]) * 160


class Socket:
    """What of a connection a piece of sound goes through."""

    def __init__(self, *messages: str, unsent: int = 0) -> None:
        self.sent: list[dict[str, Any]] = []
        self.state = State.OPEN
        self.reads = True
        self.protocol = self.transport = self
        self._unsent, self._messages = unsent, messages

    def get_write_buffer_size(self) -> int:
        return self._unsent

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return self.reads

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def send_text(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    def send_data(self) -> None:
        pass

    async def __aiter__(self) -> Any:
        for message in self._messages:
            yield message

    @property
    def sounds(self) -> list[bytes]:
        assert {event["type"] for event in self.sent} <= {"input_audio_buffer.append"}
        return [base64.b64decode(event["audio"]) for event in self.sent]


class BrokenSocket(Socket):
    """A connection that breaks off behind its messages."""

    async def __aiter__(self) -> Any:
        for message in self._messages:
            yield message
        raise ConnectionClosedError(None, None)


class Service(PcmuRealtime):
    """Keeps what it pushes."""

    def __init__(self, socket: Socket | None = None, *, ready: bool = True, **settings: Any) -> None:
        audio = realtime.audio(settings, telephone=True)
        properties = events.SessionProperties(audio=audio)
        super().__init__(api_key="k", settings=self.Settings(session_properties=properties))
        self._websocket: Any = socket
        self._api_session_ready = ready
        self.pushed: list[Frame] = []

    async def push_frame(self, frame: Frame, *_: Any) -> None:
        self.pushed.append(frame)


def _delta(sound: bytes, item: str = "item_1") -> str:
    where = {"item_id": item, "content_index": 0, "response_id": "resp_1", "output_index": 0}
    delta = base64.b64encode(sound).decode()
    return json.dumps({"type": "response.output_audio.delta", "event_id": "e", "delta": delta, **where})


def _lengths(service: Service) -> list[int]:
    """Of the pieces of sound that were pushed: bytes of mu-law."""
    return [len(frame.audio) // 2 for frame in service.pushed if isinstance(frame, TTSAudioRawFrame)]


def _apart(service: Service, *messages: str) -> SoundApart:
    return SoundApart(Socket(*messages), service._hear, service._read, service._hand_on)


def test_the_session_is_asked_for_mulaw_both_ways_and_for_nothing_where_there_is_no_telephone() -> None:
    asked = realtime.audio({}, telephone=True).model_dump(exclude_none=True)
    assert asked["input"]["format"] == asked["output"]["format"] == {"type": "audio/pcmu"}
    assert "format" not in realtime.audio({}).model_dump(exclude_none=True)["input"]


def test_the_caller_s_sound_is_handed_on_as_it_is() -> None:
    socket = Socket()
    Service(socket).take(PIECE)
    assert socket.sounds == [PIECE]


def _joining(socket: Socket, *, ready: bool = True) -> tuple[Service, Any]:
    service = Service(socket, ready=ready)
    pipecat_private.keep_session(service, lambda _: None)
    service.join_pieces()
    return service, pipecat_private.session_events(service)


async def test_the_sound_of_a_silent_caller_is_joined_until_the_model_hears_a_voice() -> None:
    socket = Socket()
    service, heard = _joining(socket)
    for _ in range(30):
        service.take(SILENCE)
    assert [len(sound) for sound in socket.sounds] == [160] * 15 + [800] * 3
    heard.note_news("input_audio_buffer.speech_started", {})
    for _ in range(3):
        service.take(SILENCE)
    heard.note_news("input_audio_buffer.speech_stopped", {})
    for _ in range(5):
        service.take(SILENCE)
    assert [len(sound) for sound in socket.sounds][18:] == [160] * 3 + [800]
    assert b"".join(socket.sounds) == SILENCE * 38


async def test_nothing_is_joined_that_waits_for_a_session_and_nothing_is_out_of_order() -> None:
    socket = Socket()
    service, _ = _joining(socket, ready=False)
    for _ in range(30):
        service.take(SILENCE)
    assert len(service._unsent) == 30
    await service._handle_evt_session_updated(None)
    service.take(SILENCE)
    service.take(PIECE)
    assert socket.sounds == [SILENCE] * 30 + [SILENCE + PIECE]


async def test_what_waits_is_dropped_when_the_model_is_not_to_hear() -> None:
    socket = Socket()
    service, _ = _joining(socket)
    for _ in range(18):
        service.take(SILENCE)
    service.set_audio_input_paused(True)
    service.take(SILENCE)
    service.set_audio_input_paused(False)
    service.take(PIECE)
    assert socket.sounds[15:] == [PIECE]


async def test_sound_from_before_the_session_waits_for_it_and_keeps_its_order() -> None:
    socket = Socket()
    service = Service(socket, ready=False)
    pieces = [bytes([number]) * 160 for number in range(5)]
    for piece in pieces[:3]:
        service.take(piece)
    assert socket.sent == []
    await service._handle_evt_session_updated(None)
    for piece in pieces[3:]:
        service.take(piece)
    assert socket.sounds == pieces


def test_what_waits_for_a_session_is_bounded_and_the_latest_is_kept() -> None:
    service = Service(None, ready=False)
    for number in range(telephone_realtime.WAITING_PIECES + 10):
        service.take(number.to_bytes(2, "big") * 80)
    assert len(service._unsent) == telephone_realtime.WAITING_PIECES
    latest = base64.b64decode(json.loads(service._unsent[-1])["audio"])
    assert latest == (telephone_realtime.WAITING_PIECES + 9).to_bytes(2, "big") * 80


def test_a_socket_that_takes_nothing_any_more_is_not_filled() -> None:
    socket = Socket(unsent=telephone_realtime.MOST_UNSENT_BYTES + 1)
    service = Service(socket)
    service.take(PIECE)
    assert socket.sent == []
    assert not service._unsent


async def test_sound_that_comes_in_frames_is_sent_in_the_same_code() -> None:
    socket = Socket()
    await Service(socket)._send_user_audio(InputAudioRawFrame(mulaw.decode_pcm(PIECE), 8_000, 1))
    assert mulaw.decode_pcm(socket.sounds[0]) == mulaw.decode_pcm(PIECE)


async def test_where_this_machine_finds_the_turns_the_onset_is_kept_in_the_same_code() -> None:
    service = Service(Socket(), turn_detection="local")
    service._user_audio_preroll_secs = 0.1
    for _ in range(10):
        await service._send_user_audio(InputAudioRawFrame(mulaw.decode_pcm(PIECE), 8_000, 1))
    assert len(service._user_audio_preroll_buffer) == 800


async def test_an_answer_is_pushed_as_the_telephone_s_sound_and_cut_at_its_real_length() -> None:
    other = json.dumps({"type": "session.updated"})
    service = Service()
    heard = _apart(service, _delta(PIECE), other, _delta(PIECE))
    assert [message async for message in heard] == [other]
    kinds = [type(frame) for frame in service.pushed]
    assert kinds == [TTSStartedFrame, TTSAudioRawFrame, TTSAudioRawFrame]
    sounds = [frame for frame in service.pushed if isinstance(frame, TTSAudioRawFrame)]
    assert {(frame.audio, frame.sample_rate) for frame in sounds} == {(mulaw.decode_pcm(PIECE), 8_000)}
    answer: Any = service._current_audio_response
    assert service._calculate_audio_duration_ms(answer.total_size) == 40


async def test_small_pieces_of_an_answer_go_on_together_but_for_the_first_60_ms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 60.0)
    words = json.dumps({"type": "response.output_audio_transcript.delta", "delta": "We"})
    done = json.dumps({"type": "response.output_audio.done"})
    service = Service()
    messages = [_delta(PIECE), words, *[_delta(PIECE)] * 4, words, _delta(PIECE), words, _delta(PIECE), done]
    at: list[int] = []
    async for message in _apart(service, *messages):
        at += [sum(_lengths(service))] if message == done else []
    assert _lengths(service) == [160, 160, 160, 640]
    assert at == [160 * 7]


def _words(text: Any) -> str:
    return json.dumps({"type": "response.output_audio_transcript.delta", "event_id": "e", "delta": text})


def _said(service: Service, kind: type[TTSTextFrame | LLMTextFrame] = TTSTextFrame) -> list[str]:
    return [frame.text for frame in service.pushed if isinstance(frame, kind)]


async def test_the_first_sound_of_an_answer_waits_for_no_more_than_a_line_takes() -> None:
    """A model that sends 20 ms of sound each 10 ms; of less than 40 ms a line is sent nothing."""
    service, clock = Service(), asyncio.get_running_loop().time
    began, at = clock(), list[float]()
    for _ in range(20):
        await service._hear(json.loads(_delta(PIECE)))
        at += [clock() - began] * (len(_lengths(service)) - len(at))
        await asyncio.sleep(0.01)
    assert at[:2] == pytest.approx([0.0, 0.01], abs=0.005)
    handed_on = [sum(_lengths(service)[: number + 1]) / mulaw.RATE for number in range(len(at))]
    left = [handed_on[number] - (at[number + 1] - at[1]) for number in range(1, len(at) - 1)]
    assert min(left) > 0.0, "the line had nothing to play"
    assert max(_lengths(service)) > 2 * len(PIECE), "nothing is joined"


async def test_words_of_an_answer_go_on_together_before_their_sound_but_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 60.0)
    service = Service()
    service._handed_on_at = -60.0
    words = [_words(text) for text in ("We", " are", " open", " until", " six.")]
    done = json.dumps({"type": "response.output_audio_transcript.done"})
    beginning = [words[0], *[_delta(PIECE)] * 3]
    messages = [*beginning, *words[1:3], *[_delta(PIECE)] * 4, *words[3:], done]
    assert [message async for message in _apart(service, *messages)] == [done]
    assert _said(service) == _said(service, LLMTextFrame) == ["We", " are open", " until six."]
    kinds = [type(frame) for frame in service.pushed]
    assert kinds[-5:] == [LLMTextFrame, TTSTextFrame, TTSAudioRawFrame, LLMTextFrame, TTSTextFrame]


async def test_words_stand_in_the_pipeline_before_a_caller_cuts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 60.0)
    service = Service()
    cut = json.dumps({"type": "input_audio_buffer.speech_started"})
    async for message in _apart(service, _words("We"), _words(" are"), cut):
        assert message == cut
        assert "".join(_said(service)) == "We are"


async def test_words_as_pipecat_s_own_service_pushes_them() -> None:
    service = Service()
    await service._read(json.loads(_words("We")))
    ours, service.pushed = service.pushed, []
    event = events.parse_server_event(json.dumps(json.loads(_words("We")) | _PART))
    await OpenAIRealtimeLLMService._handle_evt_audio_transcript_delta(service, event)
    assert [_of(frame) for frame in ours] == [_of(frame) for frame in service.pushed]


_PART = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}


def _of(frame: Frame) -> dict[str, Any]:
    return {"kind": type(frame)} | {k: v for k, v in vars(frame).items() if k not in ("id", "name")}


async def test_pieces_are_larger_once_the_answer_is_well_ahead_of_what_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 60.0)
    service = Service()
    for _ in range(3 + 4 * 5 + 10 * 2):
        await service._hear(json.loads(_delta(PIECE)))
    assert _lengths(service) == [160, 160, 160, *[640] * 5, 1600, 1600]
    await service._hand_on()
    service._current_audio_response = None  # as when it was cut
    for _ in range(3 + 4):
        await service._hear(json.loads(_delta(PIECE)))
    assert _lengths(service)[-4:] == [160, 160, 160, 640]


async def _well_ahead(service: Service) -> None:
    """Let the model send a second of an answer to a caller who is silent."""
    for _ in range(30):
        service.take(SILENCE)
    for _ in range(51):
        await service._hear(json.loads(_delta(PIECE)))


async def test_messages_wait_while_an_answer_is_ahead_until_the_caller_makes_a_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "REST_SECONDS", 60.0)
    socket = Socket()
    service, _ = _joining(socket)
    await _well_ahead(service)
    assert not socket.reads
    service.take(SILENCE)
    assert not socket.reads
    service.take(PIECE)
    assert socket.reads
    await service._hear(json.loads(_delta(bytes(1600))))
    assert socket.reads


async def test_messages_wait_for_a_moment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephone_realtime, "REST_SECONDS", 0.01)
    socket = Socket()
    service, _ = _joining(socket)
    await _well_ahead(service)
    assert not socket.reads
    await asyncio.sleep(0.05)
    assert socket.reads


@pytest.mark.parametrize("reason", ["the model hears somebody", "the caller is not silent", "single pieces"])
async def test_messages_are_read_as_they_come_where_the_model_may_say_that_the_caller_speaks(
    reason: str,
) -> None:
    socket = Socket()
    service, heard = _joining(socket)
    if reason == "the model hears somebody":
        heard.note_news("input_audio_buffer.speech_started", {})
    elif reason == "single pieces":
        service._pieces = None
    await _well_ahead(service) if reason != "the caller is not silent" else await _answer(service)
    assert socket.reads


async def _answer(service: Service) -> None:
    for _ in range(51):
        service.take(PIECE)
        await service._hear(json.loads(_delta(PIECE)))


async def test_sound_that_comes_no_faster_than_it_is_heard_does_not_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 0.0)
    service = Service()
    for _ in range(3):
        await service._hear(json.loads(_delta(PIECE)))
    assert _lengths(service) == [160, 160, 160]


async def test_what_was_heard_before_a_connection_broke_off_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telephone_realtime, "PIECE_SECONDS", 60.0)
    service = Service()
    socket = BrokenSocket(_delta(PIECE), _delta(PIECE))
    broken = SoundApart(socket, service._hear, service._read, service._hand_on)
    with pytest.raises(ConnectionClosed):
        [message async for message in broken]
    assert _lengths(service) == [160, 160]


async def test_the_next_item_of_an_answer_goes_on_without_a_second_start() -> None:
    service = Service()
    for item in ("item_1", "item_2"):
        await service._hear(json.loads(_delta(PIECE, item)))
    assert [type(frame) for frame in service.pushed].count(TTSStartedFrame) == 1
    answer: Any = service._current_audio_response
    assert (answer.item_id, answer.total_size) == ("item_2", 160)


async def test_words_that_speak_of_sound_are_no_sound() -> None:
    words = json.dumps({"type": "response.output_text.delta", "delta": "response.output_audio.delta"})
    odd = json.dumps({"type": "response.done", "about": ["response.output_audio.delta"]})
    service = Service()
    tale = json.dumps({"type": "response.done", "about": ["response.output_audio_transcript.delta"]})
    assert [message async for message in _apart(service, words, odd, tale)] == [words, odd, tale]
    assert service.pushed == []


@pytest.mark.parametrize(
    "name",
    [
        "_send_user_audio",
        "_receive_task_handler",
        "_handle_evt_session_updated",
        "_handle_evt_audio_delta",
        "_push_output_transcript_text_frames",
    ],
)
def test_pipecat_s_service_still_has_what_is_put_in_its_place(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(OpenAIRealtimeLLMService, name))


def test_the_names_of_the_service_and_of_the_socket_are_there() -> None:
    service = OpenAIRealtimeLLMService(api_key="k")
    for name in (
        "_audio_input_paused",
        "_api_session_ready",
        "_disconnecting",
        "_websocket",
        "_current_audio_response",
        "_user_audio_preroll_buffer",
        "_user_audio_preroll_secs",
    ):
        assert hasattr(service, name)
    assert callable(ClientConnection.send_data)
    assert "total_size" in inspect.getsource(OpenAIRealtimeLLMService._truncate_current_audio_response)
