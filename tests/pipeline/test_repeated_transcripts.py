"""The same words of a service that streams: told once more, or said once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.frames.frames import TranscriptionFrame

from agentrun.pipeline.failover.utterance import LastWords


def told(words: str, result: Any = None) -> TranscriptionFrame:
    return TranscriptionFrame(words, "caller", "2026-01-01T00:00:00Z", result=result)


@pytest.mark.parametrize(
    ("first", "second", "is_again"),
    [
        (None, None, True),
        ({"start": 1.0}, {"start": 1.0}, True),
        ({"start": 1.0}, {"start": 2.5}, False),
        ({"start": 40.2}, {"start": 0.4}, True),
        ({"words": [{"start": 1}]}, {"words": [{"start": 2}]}, False),
        ([SimpleNamespace(start_ms=100)], [SimpleNamespace(start_ms=900)], False),
        ({"data": {"utterance": {"start": 0.0}}}, {"data": {"utterance": {"start": 3.0}}}, False),
        ({"start": 1.0}, None, True),
    ],
)
async def test_words_that_began_at_another_time_are_the_callers_second_ones(
    first: Any, second: Any, is_again: bool
) -> None:
    last = LastWords()
    assert not last.are(told("Five.", first), is_silent=True)
    assert last.are(told("Five.", second), is_silent=True) == is_again
