"""A caller who doesn't want to be recorded is not: in both styles, in a folder and in a store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plugins.builtin import tool_of
from agentrun.records import CallRecord
from agentrun.server.records.audio_recordings import Recordings
from agentrun.simulate.engines.engines import Answer
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.testing import virtual_time
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, calls, quick_call

BOTH = pytest.mark.parametrize("style", STYLES)
STOP = calls("stop_recording")
FLOW = """
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Find out what they want.
      keys: {menu: {9: {say: Don't record me., to: unrecorded}}}
    unrecorded:
      task_messages: Go on.
      pre_actions: [stop_recording]
"""


def files(folder: Path) -> list[Path]:
    """Every recording below ``folder``."""
    return [path for path in folder.rglob("*") if path.suffix in (".wav", ".opus")]


def play(
    folder: Path,
    style: str,
    answers: Sequence[Answer],
    conversation: Callable[[QuickCall], Awaitable[None]],
    to: str | None = "recordings",
    more: str = "",
) -> QuickCall:
    """A recorded call on the virtual clock, as it is once its files are where they belong."""
    [tool] = [one for one, _ in [tool_of(ToolUse(use="stop_recording"))] if one]

    async def run() -> QuickCall:
        recordings = Recordings(lambda _record: None)
        kept = f"record: {{audio: {to}}}\n" if to else ""
        async with (
            Resources() as resources,
            quick_call(
                folder, style, [tool], answers, resources=resources, more=kept + more, recordings=recordings
            ) as call,
        ):
            if to:
                await call.until(lambda: files(folder))
            await conversation(call)
        await recordings.close()
        return call

    return virtual_time.run(run())


async def refuse(call: QuickCall) -> None:
    """The caller does not want to be recorded, and the call goes on."""
    await call.say("Don't record me.")
    await call.said("Deleted.")
    await asyncio.sleep(10)


@BOTH
@pytest.mark.parametrize("to", ["recordings", "{to: recordings, format: opus}", "memory://consent/calls"])
def test_both_sides_are_deleted_and_the_record_says_when(tmp_path: Path, style: str, to: str) -> None:
    import fsspec

    async def conversation(call: QuickCall) -> None:
        await refuse(call)
        assert files(tmp_path) == [], "it is deleted at once, and not begun anew"

    call = play(tmp_path, style, [STOP, Answer("Deleted.")], conversation, to)
    assert files(tmp_path) == []
    assert not fsspec.filesystem("memory").find("/consent")
    record = call.record.as_json()
    assert record["recording"] == ""
    assert 0 < record["recording_deleted"] < record["seconds"] - 9
    assert record["errors"] == []
    assert call.agent_words == ["Hello.", "Deleted."]


def test_a_call_whose_caller_does_not_mind_is_recorded(tmp_path: Path) -> None:
    call = play(tmp_path, "cascaded", [], lambda _call: asyncio.sleep(3))
    assert files(tmp_path) == [Path(call.record.recording)]
    assert call.record.recording_deleted is None


@BOTH
def test_a_caller_who_hangs_up_at_once_is_not_recorded_either(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Don't record me.")
        await call.until(lambda: call.session.line.recording._recorder._discarding)  # type: ignore[union-attr]

    call = play(tmp_path, style, [STOP, Answer("Deleted.")], conversation)
    assert files(tmp_path) == []
    assert call.record.recording == ""
    assert call.record.recording_deleted is not None


@BOTH
def test_a_key_that_leads_to_a_node_stops_it_without_the_model(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.press("9")
        await call.until(lambda: call.record.recording_deleted)
        await call.said("Go on.")

    call = play(tmp_path, style, [Answer("Go on.")], conversation, more=FLOW)
    assert files(tmp_path) == []
    assert [entry.name for entry in call.record.transcript if entry.who == "tool"] == ["stop_recording"]


def test_stopping_twice_deletes_once(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        line = call.session.line
        assert all(await asyncio.gather(line.stop_recording(), line.stop_recording()))
        at = call.record.recording_deleted
        await asyncio.sleep(3)
        assert await line.stop_recording()
        assert call.record.recording_deleted == at

    play(tmp_path, "cascaded", [], conversation)
    assert files(tmp_path) == []


def test_where_nothing_is_recorded_the_model_is_told(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.say("Don't record me.")
        await call.said("It isn't recorded.")
        assert "This call is not recorded." in call.tool_results()[-1]

    call = play(tmp_path, "cascaded", [STOP, Answer("It isn't recorded.")], conversation, to=None)
    assert call.record.recording_deleted is None


def test_a_file_that_cannot_be_deleted_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError("it is locked")

    async def conversation(call: QuickCall) -> None:
        monkeypatch.setattr(Path, "unlink", refused)
        await call.say("Don't record me.")
        await call.said("Not yet.")
        assert "could not be deleted" in call.tool_results()[-1]

    call = play(tmp_path, "cascaded", [STOP, Answer("Not yet.")], conversation)
    [error] = call.record.errors
    assert error.startswith("recording: it was to be deleted, and is still at ")
    assert files(tmp_path) == [Path(call.record.recording)]
    assert call.record.recording_deleted is None


@pytest.mark.parametrize("to", ["recordings", "memory://again/calls"])
def test_what_an_earlier_connection_of_the_call_has_recorded_is_deleted_too(tmp_path: Path, to: str) -> None:
    """The first stream broke off; another process had one of the same call before, and one of another."""
    import fsspec

    [tool] = [one for one, _ in [tool_of(ToolUse(use="stop_recording"))] if one]
    changed: list[CallRecord] = []

    async def run() -> list[CallRecord]:
        recordings = Recordings(changed.append)
        records = []
        async with Resources() as resources:
            for script in ([], [STOP, Answer("Deleted.")]):
                async with quick_call(
                    *(tmp_path, "cascaded", [tool], script),
                    resources=resources,
                    more=f"record: {{audio: {to}}}\n",
                    recordings=recordings,
                ) as call:
                    await call.until(lambda: files(tmp_path))
                    if script:
                        folder = files(tmp_path)[0].parent
                        for name in (call.record.id, "another"):
                            (folder / f"desk-20260101T120000000000Z-{name}.wav").write_bytes(b"RIFF")
                        await refuse(call)
                    else:
                        await asyncio.sleep(5)
                records.append(call.record)
                await asyncio.sleep(1)
        await recordings.close()
        return records

    first, second = virtual_time.run(run())
    assert first.id == second.id
    assert [path.name for path in files(tmp_path)] == ["desk-20260101T120000000000Z-another.wav"]
    assert not fsspec.filesystem("memory").find("/again")
    assert (first.recording, second.recording) == ("", "")
    assert first.recording_deleted is not None
    assert changed == [first]
    assert first.errors == second.errors == []
