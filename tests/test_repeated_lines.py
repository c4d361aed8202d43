"""A line that is logged again and again stands in the log once, and says how often it came."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from agentrun.repeated_lines import RepeatedLines


class Log:
    """What stands in a log whose clock is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.written: list[str] = []
        self._repeated = RepeatedLines(lambda: self.now)

    def take(self, message: Any) -> None:
        self.counted()
        if self._repeated.is_first(message.record):
            self.written.append(message.record["message"])

    def counted(self, *, at_once: bool = False) -> None:
        self.written += [words for _, words in self._repeated.over(at_once=at_once)]


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    number = logger.add(made.take, level="DEBUG", format="{message}")
    yield made
    logger.remove(number)


def warn(words: str, **of: str) -> None:
    with logger.contextualize(**of):
        logger.warning("{}", words)


def test_a_line_that_comes_again_is_counted_and_then_stands_in_the_log_anew(log: Log) -> None:
    for second in range(12):
        log.now = float(second)
        warn(f"Frame#{second} failed")
    log.counted(at_once=True)
    first, again = "Frame#0 failed", "Frame#10 failed"
    assert log.written == [
        first,
        f"{first} (9 times more within 10 s)",
        again,
        f"{again} (once more within 10 s)",
    ]


def test_a_line_that_came_once_has_no_count(log: Log) -> None:
    warn("it failed")
    log.now = 11
    log.counted()
    warn("it failed")
    log.counted(at_once=True)
    assert log.written == ["it failed"] * 2


def test_other_words_another_call_and_another_level_are_lines_of_their_own(log: Log) -> None:
    for call in ("CA1", "CA2"):
        for words in ("it failed", "it broke"):
            warn(words, call=call)
    logger.error("it failed")
    assert len(log.written) == 5


def test_what_is_no_warning_is_not_counted(log: Log) -> None:
    for _ in range(3):
        logger.info("a call came")
    assert log.written == ["a call came"] * 3


def test_a_log_of_many_lines_fills_no_memory(log: Log) -> None:
    for number in range(2_000):
        warn("it failed" + "x" * number)
    assert len(log.written) == 2_000
    assert len(log._repeated._lines) == 1_000


def test_another_error_behind_the_same_words_and_another_status_are_lines_of_their_own(log: Log) -> None:
    for error in (ValueError("one"), KeyError("another"), ValueError("one")):
        try:
            raise error
        except (ValueError, KeyError):
            logger.exception("it broke")
    for status in (401, 503):
        warn(f"the provider answered {status}")
    assert log.written == ["it broke", "it broke", "the provider answered 401", "the provider answered 503"]


def test_an_error_is_counted_without_its_source(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[object] = []
    monkeypatch.setattr(linecache, "checkcache", looked_for.append)
    for _ in range(2):
        try:
            raise ValueError("it")
        except ValueError:
            logger.exception("it broke")
    assert log.written == ["it broke"]
    assert looked_for == []
