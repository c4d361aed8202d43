"""How a session is started, and every way in which it is not, within what a caller waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from agentrun.cli.options import environment
from agentrun.errors import SetupError
from agentrun.server.dispatch import pipecat_cloud
from agentrun.server.dispatch.pipecat_cloud import START_SECONDS, TRY_SECONDS, PipecatCloud, StartError
from agentrun.testing import virtual_time

GOOD = {"token": "eyJ.abc-1_2", "wsUrl": "wss://us-west.api.pipecat.daily.co/ws/generic/desk.words"}
Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


def outcome(*answers: Any, agent: str = "desk") -> tuple[str, int, float]:
    """The stream's address or the trouble, how many requests there were, and the seconds that it took.

    Each of ``answers`` is a status, a body with 200, an exception, or seconds of silence before GOOD.
    """
    requests: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        play = answers[min(len(requests), len(answers)) - 1]
        if isinstance(play, Exception):
            raise play
        if isinstance(play, float):
            await asyncio.sleep(play)
            return httpx.Response(200, json=GOOD)
        if isinstance(play, int):
            return httpx.Response(play, json={"code": str(play)})
        return (
            httpx.Response(200, content=play) if isinstance(play, bytes) else httpx.Response(200, json=play)
        )

    async def scene() -> tuple[str, int, float]:
        loop = asyncio.get_running_loop()
        began, cloud = loop.time(), PipecatCloud("pk_1", transport=httpx.MockTransport(answer))
        try:
            result = await cloud.start(agent)
        except StartError as error:
            result = error.trouble
        await cloud.close()
        return result, len(requests), loop.time() - began

    result = virtual_time.run(scene())
    for request in requests:
        assert request.headers["authorization"] == "Bearer pk_1"
        assert request.content == b'{"transport":"websocket"}'
        assert str(request.url) == f"https://api.pipecat.daily.co/v1/public/{quote(agent, safe='')}/start"
    return result


def test_the_streams_address_is_theirs_with_the_token_as_its_last_part() -> None:
    assert outcome(GOOD)[:2] == (f"{GOOD['wsUrl']}/{GOOD['token']}", 1)


@pytest.mark.parametrize(
    ("status", "trouble", "requests"),
    [
        (400, "rejected", 1), (401, "key", 1), (402, "billing", 1), (403, "key", 1), (404, "missing", 1),
        (429, "full", 3), (500, "broken", 3), (503, "broken", 3), (302, "rejected", 1),
    ],
)  # fmt: skip
def test_a_refusal_has_its_word_and_only_what_may_pass_is_asked_again(
    status: int, trouble: str, requests: int
) -> None:
    result, tries, seconds = outcome(status)
    assert (result, tries) == (trouble, requests)
    assert seconds < START_SECONDS


@pytest.mark.parametrize("first", [429, 500, httpx.ConnectError("refused"), TRY_SECONDS + 1])
def test_a_second_try_can_succeed(first: Any) -> None:
    result, tries, _ = outcome(first, GOOD)
    assert (result, tries) == (f"{GOOD['wsUrl']}/{GOOD['token']}", 2)


def test_a_server_that_hangs_is_given_up_before_twilio_gives_us_up() -> None:
    result, _, seconds = outcome(3600.0)
    assert result == "late"
    assert START_SECONDS <= seconds < START_SECONDS + 1


def test_a_server_that_is_not_there_is_told_from_a_slow_one() -> None:
    assert outcome(httpx.ConnectError("refused"))[0] == "unreachable"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b"[" * 100_000, b"x" * 100_000, [], "text", {}, {"token": "a"},
        {**GOOD, "token": ""}, {**GOOD, "token": None}, {**GOOD, "token": "a/../b"}, {**GOOD, "token": 7},
        {**GOOD, "wsUrl": "https://there/x"}, {**GOOD, "wsUrl": "ws://there/x"}, {**GOOD, "wsUrl": "wss:///x"},
        {**GOOD, "wsUrl": "wss://there/x?y=1"}, {**GOOD, "wsUrl": "wss://me@there/x"},
        {**GOOD, "wsUrl": "wss://there/" + "x" * 3000}, {**GOOD, "wsUrl": "wss://[there/x"},
        {**GOOD, "wsUrl": 7},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_stream(body: Any) -> None:
    assert outcome(body)[:2] == ("answer", 1)


def test_an_agents_name_is_one_part_of_the_address() -> None:
    assert outcome(GOOD, agent="../x?y")[1] == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "PIPECAT_CLOUD_PUBLIC_KEY is not set"),
        ({"PIPECAT_CLOUD_PUBLIC_KEY": "pk 1"}, "characters"),
        ({"PIPECAT_CLOUD_PUBLIC_KEY": "pk_1", "PIPECAT_CLOUD_BASE_URL": "http://there.example"}, "https"),
        ({"PIPECAT_CLOUD_PUBLIC_KEY": "pk_1", "PIPECAT_CLOUD_BASE_URL": "nowhere"}, "https"),
    ],
)
def test_what_is_missing_in_the_environment_is_named_without_the_key(
    environ: dict[str, str], words: str
) -> None:
    with pytest.raises(SetupError, match=words) as error:
        pipecat_cloud.from_environment(environ)
    assert "pk_1" not in str(error.value)


def test_its_variables_are_not_taken_for_pipecats_own_that_run_code() -> None:
    environ = {
        pipecat_cloud.KEY: "pk_1",
        pipecat_cloud.BASE_URL: "https://there.example",
        "PIPECAT_OTHER": "",
    }
    environment.drop_pipecats(environ)
    assert pipecat_cloud.settings(environ) == ("pk_1", "https://there.example")
    assert "PIPECAT_OTHER" not in environ
