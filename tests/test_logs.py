"""A line of the log holds what helps the operator, and nothing that must be hidden."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import FunctionType

import pytest
from loguru import logger

from agentrun import logs
from agentrun.record.redaction import Redaction


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    logger.remove()
    logs.protect([])


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
        "TTS#0: service is no longer usable, not speaking [Your code is 4711]",
        "LLM#0: Failed to parse function call arguments: {code: 4711",
        "X#0 exception processing TextFrame#3(pts: None, text: [Your code is\n4711], language: en)",
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
    assert "4711" not in out.getvalue()
    assert "#0" in out.getvalue()
    pipecats("debug")
    assert "4711" in out.getvalue()
