"""A call without a session, as the tests of a plugin make it."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from agentrun import Call
from agentrun.call import NoLineError


@pytest.fixture
def call() -> Call:
    return Call("1", "desk", "local")


async def test_what_needs_a_line_says_so(call: Call) -> None:
    for work in (call.say("Hi."), call.hang_up(), call.transfer("+15550001111"), call.send_digits("1")):
        with pytest.raises(NoLineError, match="needs a call with a line, and this one has none"):
            await work
    with pytest.raises(NoLineError, match="http needs"):
        _ = call.http


@pytest.mark.parametrize("text", [None, 7, b"Hi.", ["Hi."]])
async def test_what_is_no_text_is_the_tools_fault_and_reaches_no_voice(text: Any) -> None:
    call = Call("1", "desk", "local", line=cast(Any, object()))
    works = (
        *(call.say(text), call.hang_up(text), call.transfer(text), call.transfer("+15550001111", text)),
        *(call.hand_over(text), call.hand_over("billing", text), call.send_digits(text)),
        *(call.collect_digits(text), call.collect_digits("Type.", finish=text)),
    )
    for work in works:
        with pytest.raises(TypeError, match=r"^call\.\w+ takes texts, and was given a "):
            await work


def test_a_def_tool_may_be_tested_without_a_loop(call: Call) -> None:
    with pytest.raises(NoLineError, match="say needs"):
        call.run(call.say("Hi."))


def test_a_test_may_bring_its_own_http_client() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="open")))
    call = Call("1", "desk", "local", client=client)
    assert call.run(call.http.get("https://example.com")).text == "open"
