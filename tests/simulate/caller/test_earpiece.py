from __future__ import annotations

from agentrun.simulate.caller.earpiece import Earpiece

SILENT = bytes([0xFF])


def test_sound_is_played_in_frames_and_filled_up_with_silence() -> None:
    earpiece = Earpiece()
    earpiece.add(b"a" * 100)
    earpiece.add(b"b" * 100)
    assert earpiece.waiting == 200
    assert earpiece.play() == (b"a" * 100 + b"b" * 60, [])
    assert earpiece.play() == (b"b" * 40 + SILENT * 120, [])
    assert earpiece.play() == (SILENT * 160, [])
    assert earpiece.waiting == 0


def test_a_mark_is_due_when_what_was_before_it_has_been_played() -> None:
    earpiece = Earpiece()
    earpiece.add(b"a" * 160)
    assert earpiece.mark("first") == []
    earpiece.add(b"b" * 160)
    assert earpiece.mark("second") == []
    assert [earpiece.play()[1] for _ in range(3)] == [[], ["first"], ["second"]]


def test_a_mark_with_nothing_before_it_is_due_at_once() -> None:
    assert Earpiece().mark("now") == ["now"]


def test_a_mark_does_not_overtake_one_that_is_being_reached() -> None:
    earpiece = Earpiece()
    earpiece.add(b"a" * 160)
    earpiece.mark("first")
    earpiece.play()
    assert earpiece.mark("second") == []
    assert earpiece.play()[1] == ["first", "second"]


def test_clear_drops_the_sound_and_makes_every_mark_due_in_order() -> None:
    earpiece = Earpiece()
    earpiece.add(b"a" * 400)
    earpiece.mark("first")
    earpiece.mark("second")
    assert earpiece.clear() == ["first", "second"]
    assert earpiece.waiting == 0
    assert earpiece.play() == (SILENT * 160, [])
    assert earpiece.clear() == []
