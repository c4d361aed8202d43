"""A call that is listened to: both styles, until its end, and only where its caller and its spec allow it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agentrun.plugins.builtin import tool_of
from agentrun.session.tracking.live_sound import FORBIDDEN, OVER, Listener, ListenError
from agentrun.simulate.engines.engines import Answer
from agentrun.spec.models.tools.tool_use import ToolUse
from tests.calls.desk import STYLES
from tests.calls.quick import LOUD, QuickCall, Talk, calls, played
from tests.calls.test_handoff import MINE, prepare

BOTH = pytest.mark.parametrize("style", STYLES)
ALLOWED = "record: {listen: true}\n"
OPEN = Answer("We are open from six to eleven.")


def play(
    folder: Path,
    conversation: Talk,
    style: str = "cascaded",
    answers: tuple[Answer, ...] = (),
    more: str = ALLOWED,
) -> QuickCall:
    """A call on the virtual clock, as it is once it is over."""
    tools = [one for one, _ in [tool_of(ToolUse(use="stop_recording"))] if one]
    return played(folder, style, tools, answers, conversation, more=more)


def listen(call: QuickCall) -> Listener:
    return call.session.line.sound.listen(lambda: None)


async def drain(listener: Listener) -> np.ndarray:
    pieces = []
    while piece := await listener.take():
        pieces.append(piece)
    return np.frombuffer(b"".join(pieces), np.int16).reshape(-1, 2)


@BOTH
def test_both_sides_are_heard_until_the_caller_hangs_up(tmp_path: Path, style: str) -> None:
    hearing: list[asyncio.Task[np.ndarray]] = []
    listeners = []

    async def conversation(call: QuickCall) -> None:
        listeners.append(listen(call))
        hearing.append(asyncio.create_task(drain(listeners[0])))
        await call.transport.hear(LOUD)
        await call.say("When are you open?")
        await call.said(OPEN.text)
        await asyncio.sleep(1)

    call = play(tmp_path, conversation, style, (OPEN,))
    heard = hearing[0].result()
    assert (np.abs(heard[:, 0].astype(int)) > 6000).sum() > 24_000 * 0.1
    assert (np.abs(heard[:, 1].astype(int)) > 1000).sum() > 24_000 * 0.3
    assert listeners[0].reason == OVER
    assert call.record.errors == []


@BOTH
def test_who_does_not_take_the_sound_costs_the_call_nothing(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        listeners = [listen(call), listen(call)]
        await call.transport.hear(LOUD)
        await call.say("When are you open?")
        await call.said(OPEN.text)
        await asyncio.sleep(10)
        assert all(each.reason for each in listeners)

    call = play(tmp_path, conversation, style, (OPEN,))
    assert call.agent_words == ["Hello.", OPEN.text]
    assert call.record.errors == []
    assert call.record.ended_by == "caller"


@pytest.mark.parametrize(
    ("more", "is_allowed"),
    [
        ("", False),
        ("record: {audio: recordings}\n", True),
        ("record: {audio: recordings, redact: phone}\n", False),
        ("record: {audio: recordings, listen: false}\n", False),
        ("record: {redact: phone, listen: true}\n", True),
    ],
)
def test_a_spec_says_whether_anybody_may_listen(tmp_path: Path, more: str, is_allowed: bool) -> None:
    async def conversation(call: QuickCall) -> None:
        assert call.session.line.sound.refusal == ("" if is_allowed else FORBIDDEN)

    play(tmp_path, conversation, more=more)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_caller_who_wants_no_recording_is_not_listened_to_either(tmp_path: Path, is_recorded: bool) -> None:
    audio = "audio: recordings, " if is_recorded else ""

    async def conversation(call: QuickCall) -> None:
        listener = listen(call)
        await call.say("Don't record me.")
        await call.said("Nobody listens.")
        assert "doesn't want" in listener.reason
        with pytest.raises(ListenError, match="doesn't want"):
            listen(call)

    answers = (calls("stop_recording"), Answer("Nobody listens."))
    play(tmp_path, conversation, "cascaded", answers, f"record: {{{audio}listen: true}}\n")


def test_a_colleague_who_may_not_be_listened_to_ends_it(tmp_path: Path) -> None:
    prepare(tmp_path, "cascaded")
    script = (calls("handoff", to="billing", words=""), MINE)

    async def conversation(call: QuickCall) -> None:
        listener = listen(call)
        await call.say("About my invoice.")
        await call.said(MINE.text)
        assert listener.reason.startswith("billing")
        assert call.session.line.sound.refusal == listener.reason

    play(tmp_path, conversation, "cascaded", script, f"handoff: billing\n{ALLOWED}")
