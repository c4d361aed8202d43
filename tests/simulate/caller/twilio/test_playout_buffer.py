from __future__ import annotations

from agentrun.simulate.caller.twilio.playout_buffer import PlayoutBuffer

SILENT = bytes([0xFF])


def test_sound_is_played_in_frames_and_filled_up_with_silence() -> None:
    playout_buffer = PlayoutBuffer()
    playout_buffer.add(b"a" * 100)
    playout_buffer.add(b"b" * 100)
    assert playout_buffer.waiting == 200
    assert playout_buffer.play() == (b"a" * 100 + b"b" * 60, [])
    assert playout_buffer.play() == (b"b" * 40 + SILENT * 120, [])
    assert playout_buffer.play() == (SILENT * 160, [])
    assert playout_buffer.waiting == 0


def test_a_mark_is_due_when_what_was_before_it_has_been_played() -> None:
    playout_buffer = PlayoutBuffer()
    playout_buffer.add(b"a" * 160)
    assert playout_buffer.mark("first") == []
    playout_buffer.add(b"b" * 160)
    assert playout_buffer.mark("second") == []
    assert [playout_buffer.play()[1] for _ in range(3)] == [[], ["first"], ["second"]]


def test_a_mark_with_nothing_before_it_is_due_at_once() -> None:
    assert PlayoutBuffer().mark("now") == ["now"]


def test_a_mark_does_not_overtake_one_that_is_being_reached() -> None:
    playout_buffer = PlayoutBuffer()
    playout_buffer.add(b"a" * 160)
    playout_buffer.mark("first")
    playout_buffer.play()
    assert playout_buffer.mark("second") == []
    assert playout_buffer.play()[1] == ["first", "second"]


def test_clear_drops_the_sound_and_makes_every_mark_due_in_order() -> None:
    playout_buffer = PlayoutBuffer()
    playout_buffer.add(b"a" * 400)
    playout_buffer.mark("first")
    playout_buffer.mark("second")
    assert playout_buffer.clear() == ["first", "second"]
    assert playout_buffer.waiting == 0
    assert playout_buffer.play() == (SILENT * 160, [])
    assert playout_buffer.clear() == []
