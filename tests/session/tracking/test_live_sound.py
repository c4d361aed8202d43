"""Whoever listens to a call hears both sides, and the call does not notice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from agentrun.call import Call
from agentrun.session.tracking.live_sound import (
    BACKLOG_SECONDS,
    DELAY_SECONDS,
    MOST_BEHIND_SECONDS,
    MOST_LISTENERS,
    OVER,
    SLOW,
    Listener,
    ListenError,
    LiveSound,
)
from agentrun.testing import virtual_time
from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio
from agentrun.transports.connection import Connection

RATE = 8000
PACKET = RATE // 50
BEFORE_PUSH = "on_before_push_frame"
Samples = np.ndarray


class Line(BaseTransport):
    """A line in this process, of a telephone or of something else."""

    def __init__(self, rate_in: int = RATE, rate_out: int = RATE, *, is_telephone: bool = True) -> None:
        super().__init__()
        self.ends = (FrameProcessor(), FrameProcessor())
        self.audio = CallerAudio() if is_telephone else None
        call = Call("CA1", "desk", "twilio")
        self.connection = Connection(call, self, rate_in, rate_out, caller_audio=self.audio)
        self.sound = LiveSound(self.connection, is_allowed=True)

    def input(self) -> FrameProcessor:
        return self.ends[0]

    def output(self) -> FrameProcessor:
        return self.ends[1]

    async def said(self, samples: Samples) -> None:
        """20 ms of the caller's."""
        if self.audio:
            self.audio.take(mulaw.encode(samples))
            return
        frame = InputAudioRawFrame(samples.tobytes(), self.connection.sample_rate_in, 1)
        await self.push(self.ends[0], frame)

    async def answered(self, samples: Samples) -> None:
        """20 ms of the agent's."""
        frame = OutputAudioRawFrame(samples.tobytes(), self.connection.sample_rate_out, 1)
        await self.push(self.ends[1], frame)

    async def push(self, end: FrameProcessor, frame: Frame) -> None:
        """A frame passes."""
        await end._call_event_handler(BEFORE_PUSH, frame)

    @property
    def taps(self) -> int:
        """How many take sound from the line."""
        handlers = [len(end._event_handlers[BEFORE_PUSH].handlers) for end in self.ends]
        return sum(handlers) + (len(self.audio._listeners) if self.audio else 0)


def tone(packets: int, every: int, rate: int = RATE) -> Samples:
    """A tone that mu-law leaves as it is, and of which no sample is silent."""
    sound = (np.sin(np.arange(packets * rate // 50) / every) * 4000 + 6000).astype(np.int16)
    return mulaw.decode(mulaw.encode(sound))


async def talk(line: Line, caller: Samples, agent: Samples) -> None:
    """Both sides speak at once, in real time."""
    for number in range(max(len(caller) // PACKET, len(agent) // PACKET)):
        here = slice(number * PACKET, (number + 1) * PACKET)
        if len(caller[here]):
            await line.said(caller[here])
        if len(agent[here]):
            await line.answered(agent[here])
        await asyncio.sleep(0.02)


async def drain(listener: Listener) -> Samples:
    """All that a listener is given: a row for each sample, the caller left."""
    pieces = [piece async for piece in _pieces(listener)]
    return np.frombuffer(b"".join(pieces), np.int16).reshape(-1, 2)


async def _pieces(listener: Listener):  # type: ignore[no-untyped-def]
    while piece := await listener.take():
        yield piece


def play(run: Callable[[], Awaitable[None]]) -> None:
    virtual_time.run(run())  # type: ignore[arg-type]


def nothing() -> None:
    pass


def spoken(sound: Samples) -> bytes:
    """A channel without its silence, of which a busy machine makes more."""
    return bytes(sound[sound != 0].tobytes())


@pytest.mark.parametrize("is_telephone", [True, False])
def test_what_is_heard_is_what_both_sides_said(is_telephone: bool) -> None:
    caller, agent = tone(100, 5), tone(100, 9)

    async def run() -> None:
        line = Line(is_telephone=is_telephone)
        listener = line.sound.listen(nothing)
        hearing = asyncio.create_task(drain(listener))
        await talk(line, caller, agent)
        await asyncio.sleep(1)
        line.sound.close()
        heard = await hearing
        assert spoken(heard[:, 0]) == caller.tobytes()
        assert spoken(heard[:, 1]) == agent.tobytes()
        assert listener.reason == OVER

    play(run)


def test_sound_comes_soon() -> None:
    async def run() -> None:
        line = Line()
        listener = line.sound.listen(nothing)
        clock = asyncio.get_running_loop().time
        began = clock()
        await line.said(tone(1, 5))
        while not any(await listener.take()):
            pass
        assert clock() - began <= DELAY_SECONDS + 0.5
        line.sound.close()

    play(run)


def test_a_browsers_rates_are_brought_together() -> None:
    async def run() -> None:
        line = Line(16_000, 24_000, is_telephone=False)
        hearing = asyncio.create_task(drain(line.sound.listen(nothing)))
        for number in range(100):
            await line.said(tone(100, 5, 16_000)[number * 320 :][:320])
            await line.answered(tone(100, 9, 24_000)[number * 480 :][:480])
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        line.sound.close()
        heard = await hearing
        assert line.sound.rate == 24_000
        for channel, every in ((0, 5 * 1.5), (1, 9)):
            sound = heard[24_000 : 24_000 * 2, channel].astype(float)
            loudest = int(np.argmax(np.abs(np.fft.rfft(sound - sound.mean()))))
            assert loudest == pytest.approx(24_000 / (2 * np.pi * every), rel=0.02)

    play(run)


def test_nothing_is_taken_from_the_line_while_nobody_listens() -> None:
    async def run() -> None:
        line = Line()
        before = set(asyncio.all_tasks())
        assert line.taps == 0
        first, second = line.sound.listen(nothing), line.sound.listen(nothing)
        await asyncio.sleep(0.5)
        assert line.taps == 2
        first.end("gone")
        await asyncio.sleep(0.5)
        assert line.taps == 2
        second.end("gone")
        await asyncio.sleep(0.5)
        assert line.taps == 0
        assert set(asyncio.all_tasks()) == before

    play(run)


def test_two_hear_the_same_and_one_who_leaves_takes_nothing_from_the_other() -> None:
    caller = tone(100, 5)

    async def run() -> None:
        line = Line()
        first, second = line.sound.listen(nothing), line.sound.listen(nothing)
        hearing = [asyncio.create_task(drain(each)) for each in (first, second)]
        await talk(line, caller[: len(caller) // 2], caller[:0])
        first.end("gone")
        await talk(line, caller[len(caller) // 2 :], caller[:0])
        await asyncio.sleep(1)
        line.sound.close()
        early, whole = await asyncio.gather(*hearing)
        assert spoken(whole[:, 0]) == caller.tobytes()
        assert whole[: len(early)].tobytes() == early.tobytes()
        assert 0 < len(early) < len(whole)

    play(run)


def test_who_does_not_take_the_sound_is_let_go_and_others_go_on() -> None:
    caller, ends = tone(500, 5), []

    async def run() -> None:
        line = Line()
        slow, quick = line.sound.listen(lambda: ends.append("slow")), line.sound.listen(nothing)
        hearing = asyncio.create_task(drain(quick))
        await talk(line, caller, caller[:0])
        assert slow.reason == SLOW
        assert ends == ["slow"]
        assert await slow.take() == b""
        assert not quick.reason
        line.sound.close()
        assert len(await hearing) / RATE > BACKLOG_SECONDS + 2

    play(run)


def test_so_many_listen_and_no_more() -> None:
    async def run() -> None:
        line = Line()
        listeners = [line.sound.listen(nothing) for _ in range(MOST_LISTENERS)]
        with pytest.raises(ListenError, match="listen already"):
            line.sound.listen(nothing)
        listeners[0].end("gone")
        line.sound.listen(nothing)
        line.sound.close()

    play(run)


def test_after_a_stall_of_the_network_nobody_hears_the_call_much_later() -> None:
    """Three seconds of the caller's sound come at once; what is said next is heard soon."""

    async def run() -> None:
        line = Line()
        listener = line.sound.listen(nothing)
        hearing = asyncio.create_task(drain(listener))
        clock = asyncio.get_running_loop().time
        began = clock()
        await asyncio.sleep(3)
        for _ in range(150):
            await line.said(np.full(PACKET, 988, np.int16))
        await talk(line, np.full(PACKET * 100, 988, np.int16), tone(0, 5))
        mark = clock() - began
        await talk(line, np.full(PACKET * 100, -988, np.int16), tone(0, 5))
        await asyncio.sleep(2)
        line.sound.close()
        heard = (await hearing)[:, 0]
        first = int(np.flatnonzero(heard == -988)[0]) / RATE
        assert first - mark <= MOST_BEHIND_SECONDS + 0.1

    play(run)


def test_what_a_caller_cut_is_not_heard() -> None:
    async def run() -> None:
        line = Line()
        hearing = asyncio.create_task(drain(line.sound.listen(nothing)))
        await asyncio.sleep(0)
        clock = asyncio.get_running_loop().time
        began = clock()
        for _ in range(50):  # sent at once, ahead of being played
            await line.answered(tone(1, 9))
        await asyncio.sleep(0.3)
        await line.push(line.output(), InterruptionFrame())
        cut = clock() - began
        await asyncio.sleep(2)
        line.sound.close()
        loud = np.flatnonzero((await hearing)[:, 1])
        assert loud[-1] / RATE == pytest.approx(cut, abs=0.1)

    play(run)


def test_sound_of_another_rate_is_left_out_and_the_line_goes_on() -> None:
    async def run() -> None:
        line = Line(is_telephone=False)
        listener = line.sound.listen(nothing)
        await line.push(line.input(), InputAudioRawFrame(bytes(640), 16_000, 1))
        await line.push(line.output(), OutputAudioRawFrame(bytes(640), 24_000, 1))
        await asyncio.sleep(1)
        assert not listener.reason
        line.sound.close()

    play(run)


def test_a_call_that_is_over_or_forbidden_or_written_has_no_sound() -> None:
    async def run() -> None:
        line = Line()
        line.sound.close()
        written = Connection(line.connection.call, line, written=True)
        for sound, words in (
            (line.sound, OVER),
            (LiveSound(line.connection, is_allowed=False), "record.listen"),
            (LiveSound(written, is_allowed=True), "in writing"),
        ):
            with pytest.raises(ListenError, match=words):
                sound.listen(nothing)
        assert line.taps == 0

    play(run)
