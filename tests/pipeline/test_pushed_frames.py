"""Whoever watches what a processor pushes: told once a frame, the latest first, and before it goes on."""

from __future__ import annotations

from collections.abc import Callable

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMTextFrame,
    TextFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agentrun.pipeline import pushed_frames


class Part(FrameProcessor):
    """Keeps what it pushes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        self.seen.append(f"{type(frame).__name__} {direction.name.lower()}")

    def note(self, name: str) -> Callable[[Frame], None]:
        return lambda frame: self.seen.append(f"{name}: {type(frame).__name__}")


async def test_each_is_told_of_its_kinds_before_the_frame_goes_on_the_latest_first() -> None:
    part = Part()
    pushed_frames.watch_pushed_frames(part, TextFrame, part.note("text"))
    pushed_frames.watch_pushed_frames(part, (LLMTextFrame, InterruptionFrame), part.note("either"))
    await part.push_frame(LLMTextFrame("a"))
    await part.push_frame(InterruptionFrame(), FrameDirection.UPSTREAM)
    assert part.seen == [
        *("either: LLMTextFrame", "text: LLMTextFrame", "LLMTextFrame downstream"),
        *("either: InterruptionFrame", "InterruptionFrame upstream"),
    ]


async def test_one_who_comes_later_is_told_of_kinds_that_were_pushed_before() -> None:
    part = Part()
    pushed_frames.watch_pushed_frames(part, InterruptionFrame, part.note("first"))
    await part.push_frame(LLMTextFrame("a"))
    pushed_frames.watch_pushed_frames(part, TextFrame, part.note("second"))
    await part.push_frame(LLMTextFrame("b"))
    assert part.seen == ["LLMTextFrame downstream", "second: LLMTextFrame", "LLMTextFrame downstream"]


async def test_what_is_kept_back_between_two_who_watch_is_told_to_those_in_front_of_it() -> None:
    part, sound = Part(), InputAudioRawFrame(b"\0\0", 8_000, 1)
    pushed_frames.watch_pushed_frames(part, Frame, part.note("behind"))
    pushed_frames.keep_caller_sound(part)
    pushed_frames.watch_pushed_frames(part, Frame, part.note("in front"))
    await part.push_frame(sound)
    await part.push_frame(TTSTextFrame("a", "sentence"))
    assert part.seen == [
        "in front: InputAudioRawFrame",
        *("in front: TTSTextFrame", "behind: TTSTextFrame", "TTSTextFrame downstream"),
    ]


async def test_processors_are_watched_apart() -> None:
    one, other = Part(), Part()
    pushed_frames.watch_pushed_frames(one, Frame, one.note("one"))
    pushed_frames.watch_pushed_frames(other, Frame, other.note("other"))
    await one.push_frame(LLMTextFrame("a"))
    assert (len(one.seen), other.seen) == (2, [])
