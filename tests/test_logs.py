"""A line of the log holds what helps the operator, and nothing that must be hidden."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from types import FunctionType
from typing import Any

import pytest
from loguru import logger

from agentrun import logs
from agentrun.records.redaction.redaction import Redaction


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    logger.remove()
    logs.protect([])
    logging.captureWarnings(False)
    root = logging.getLogger()
    for handler in [one for one in root.handlers if one.__module__ == logs.__name__]:
        root.removeHandler(handler)


def test_what_is_redacted_stands_in_no_line_nor_in_a_traceback() -> None:
    out = io.StringIO()
    logs.begin("INFO", out, redaction=Redaction(secrets=["hunter2-key"]))
    logger.info("with {}", "hunter2-key")
    logs.protect([Redaction(["phone"]), Redaction(["email"], secrets=["another-key"])])
    try:
        raise ValueError("another-key of ada@example.com, 415 555 1234")
    except ValueError:
        logger.exception("call {} broke", "CA0123456789abcdef0123456789abcdef")
    said = out.getvalue()
    for secret in ("hunter2-key", "another-key", "ada@", "1234\n", "555"):
        assert secret not in said
    assert "with [secret]" in said
    assert "call CA0123456789abcdef0123456789abcdef broke" in said
    assert "ValueError: [secret] of [email], [phone]" in said


@pytest.mark.parametrize(
    "line",
    [
        "TTS#0: service is no longer usable, not speaking [Your code is kiwi]",
        "LLM#0: Failed to parse function call arguments: {code: kiwi",
        "X#0 exception processing TextFrame#3(pts: None, text: [Your code is\nkiwi], language: en)",
    ],
)
def test_pipecats_lines_quote_nobody_above_debug(line: str) -> None:
    out = io.StringIO()
    logs.begin("DEBUG", out)

    def say(method: str) -> None:
        getattr(logger, method)("{}", line)

    # loguru takes a line's module from the function that writes it
    pipecats = FunctionType(
        say.__code__, {"__name__": "pipecat.services", "logger": logger}, closure=say.__closure__
    )
    pipecats("warning")
    assert "kiwi" not in out.getvalue()
    assert "#0" in out.getvalue()
    pipecats("debug")
    assert "kiwi" in out.getvalue()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """What was logged; fails where a line is no object."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_of_json_says_when_what_where_and_of_which_call() -> None:
    out = io.StringIO()
    logs.begin("INFO", out, form="json")
    with logger.contextualize(call="CA1", agent="desk"):
        logger.info("two\nlines and {}", '"quotes"')
    logger.warning("no call")
    first, second = lines(out)
    assert datetime.fromisoformat(first.pop("time")).utcoffset() is not None
    words = 'two\nlines and "quotes"'
    assert first == {"level": "INFO", "message": words, "call": "CA1", "agent": "desk", "logger": __name__}
    assert set(second) == {"time", "level", "message", "logger"}


def test_a_traceback_is_one_line_without_what_must_be_hidden() -> None:
    out = io.StringIO()
    logs.begin("INFO", out, form="json", redaction=Redaction(["phone"], secrets=["hunter2-key"]))
    try:
        raise ValueError("hunter2-key of +1 415 555 1234")
    except ValueError:
        logger.exception("it broke for +1 415 555 1234")
    [line] = lines(out)
    assert line["message"] == "it broke for [phone]"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: [secret] of [phone]\n")


def test_what_libraries_say_goes_the_same_way() -> None:
    out = io.StringIO()
    logs.begin("INFO", out, form="json")
    logging.getLogger("uvicorn.error").error("over %s", "there")
    logging.getLogger("my.plugin").info("hello")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("asyncio").exception("never retrieved")
    logging.getLogger("sqlalchemy.engine").info("INSERT INTO calls …")
    said = [(line["logger"], line["level"], line["message"].partition("\n")[0]) for line in lines(out)]
    assert said == [
        ("uvicorn.error", "ERROR", "over there"),
        ("my.plugin", "INFO", "hello"),
        ("asyncio", "ERROR", "never retrieved"),
    ]
    assert "ValueError: broken" in lines(out)[2]["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_fails_at_each_piece_of_sound_is_one_traceback_and_a_count(form: logs.Form) -> None:
    out = io.StringIO()
    sink = logs.begin("INFO", out, form=form)
    for number in range(500):
        try:
            raise ValueError(f"piece {number}")
        except ValueError:
            logger.exception("the sound of Frame#{} was not judged", number)
    logger.info("another line")
    logger.info("another line")
    logger.remove(sink)
    said = out.getvalue()
    assert said.count("Traceback") == 1
    assert said.count("another line") == 2
    last = said.splitlines()[-1]
    assert "the sound of Frame#0 was not judged (499 times more within 10 s)" in last
    assert "ERROR" in last


def test_a_second_beginning_says_nothing_twice() -> None:
    out = io.StringIO()
    logs.begin("INFO", io.StringIO())
    logs.begin("INFO", out)
    logging.getLogger("my.plugin").info("once")
    logger.info("only")
    assert [line.split()[-1] for line in out.getvalue().splitlines()] == ["once", "only"]
