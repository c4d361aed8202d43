"""A transcription that holds no words is one that says nothing: whoever spoke clearly is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.testing import virtual_time
from tests.calls.fault_rows import play
from tests.calls.fault_rows.row import REPEAT
from tests.calls.quick import quick_call


async def _ask(folder: Path, words: str) -> tuple[list[str], list[str]]:
    async with (
        Resources() as resources,
        quick_call(
            *(folder, "cascaded", [], [play.SENTENCES]),
            resources=resources,
            prompts=play.PROMPTS.format("{say: Hello.}"),
            detection="silence",
            heard=[words],
        ) as call,
    ):
        await call.play(play.QUESTION)
        await call.until(lambda: len(call.agent_words) > 1)
    return call.agent_words[1:], call.record.errors


@pytest.mark.parametrize("words", [" ", "...", "[BLANK_AUDIO]", "(silence)", "Thank you for watching!"])
def test_a_clear_question_without_words_is_asked_for_again(tmp_path: Path, words: str) -> None:
    said, errors = virtual_time.run(_ask(tmp_path, words))
    assert said == [REPEAT]
    assert "s of speech" in " ".join(errors)


def test_a_clear_question_with_words_is_answered(tmp_path: Path) -> None:
    said, errors = virtual_time.run(_ask(tmp_path, "When are you open?"))
    assert said == [play.SENTENCES.text]
    assert errors == []
