"""The two scoreboards, and everything that a feed may do to them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from datetime import datetime
from types import ModuleType
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun import Call, ToolError
from agentrun.tools.build import build
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke
from tests.plugins_examples.conftest import Feed, response

WHO = ["mens", "womens"]


def game(home: str, away: str, **more: Any) -> dict[str, Any]:
    return {"game": {"home": {"names": {"full": home}}, "away": {"names": {"full": away}}, **more}}


def games(*found: Any) -> bytes:
    return response(json.dumps({"games": found}).encode())


async def ask(ncaa: ModuleType, call: Call, who: str = "mens") -> Outcome:
    functions = {function.__name__: function for function in ncaa.agentrun_tools()}
    return await invoke(build(functions[f"get_{who}_basketball_scores"], "ncaa"), call, {})


def test_there_are_two_tools_without_parameters(ncaa: ModuleType) -> None:
    tools = [build(function, "ncaa") for function in ncaa.agentrun_tools()]
    assert [tool.name for tool in tools] == ["get_mens_basketball_scores", "get_womens_basketball_scores"]
    assert [tool.parameters["properties"] for tool in tools] == [{}, {}]


@pytest.mark.parametrize("who", WHO)
async def test_the_feed_s_games_are_told_with_all_that_it_knows(
    ncaa: ModuleType, feed: Feed, who: str
) -> None:
    feed.answer = response(
        b'{"games": [{"game": {"home": {"names": {"full": "Duke"}, "score": "71"},'
        b'"away": {"names": {"full": "Kansas"}, "score": "68"}, '
        b'"currentPeriod": "2ND HALF", "network": "CBS"}}]}'
    )
    outcome = await ask(ncaa, feed.call, who)
    found = json.loads(outcome.text)
    assert outcome.status == "ok"
    assert found["games"] == [
        {
            "home": "Duke",
            "home_score": "71",
            "away": "Kansas",
            "away_score": "68",
            "period": "2ND HALF",
            "network": "CBS",
        }
    ]
    assert datetime.fromisoformat(found["fetched_at"]).tzinfo
    assert feed.asked == [f"/scoreboard/basketball-{who.removesuffix('s')}/d1"]


@pytest.mark.parametrize(
    ("who", "teams"), [("mens", ["Duke", "North Carolina", "Gonzaga"]), ("womens", ["Connecticut"])]
)
async def test_offline_the_sample_answers(ncaa: ModuleType, who: str, teams: list[str]) -> None:
    outcome = await ask(ncaa, Call(id="1", agent="ncaa", transport="local", offline=True), who)
    rows = json.loads(outcome.text)["games"]
    assert set(teams) <= {row["home"] for row in rows} | {row["away"] for row in rows}
    assert {"FINAL", "2ND HALF", ""} <= {row["period"] for row in rows}
    assert [row["home_score"] for row in rows if not row["period"]] == [""]


async def test_offline_the_feed_of_the_environment_wins(ncaa: ModuleType, feed: Feed) -> None:
    feed.answer = games(game("Siena", "Iona"))
    call = Call(
        id="1",
        agent="ncaa",
        transport="local",
        offline=True,
        environ={"NCAA_API_URL": f"{feed.url}/"},
        client=feed.client,
    )
    assert "Siena" in (await ask(ncaa, call)).text
    assert feed.asked == ["/scoreboard/basketball-men/d1"]


async def test_games_without_some_fields_are_told_with_what_is_known(ncaa: ModuleType, feed: Feed) -> None:
    short = {"game": {"home": {"names": {"short": "Yale"}, "score": 7}, "away": None}}
    feed.answer = games(game("Duke", "Kansas"), short, {"game": {}}, {}, None, "junk", {"game": []})
    rows = json.loads((await ask(ncaa, feed.call)).text)["games"]
    assert [(row["home"], row["home_score"], row["away"]) for row in rows] == [
        ("Duke", "", "Kansas"),
        ("Yale", "7", ""),
    ]


async def test_no_games_is_an_empty_list_and_no_error(ncaa: ModuleType, feed: Feed) -> None:
    feed.answer = games()
    outcome = await ask(ncaa, feed.call)
    assert (outcome.status, json.loads(outcome.text)["games"]) == ("ok", [])


async def test_a_long_list_keeps_the_games_that_have_begun_and_counts_the_rest(
    ncaa: ModuleType, feed: Feed
) -> None:
    waiting = [game(f"Waiting {number}", "X") for number in range(30)]
    feed.answer = games(*waiting, game("Duke", "Kansas", currentPeriod="FINAL"))
    found = json.loads((await ask(ncaa, feed.call)).text)
    assert len(found["games"]) == 20
    assert found["games"][0]["home"] == "Duke"
    assert found["more_games"] == 11


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (response(b"", "503 Service Unavailable"), "out of order (status 503)"),
        (response(b"", "404 Not Found"), "out of order (status 404)"),
        (
            response(b"", "301 Moved Permanently", "Location: http://127.0.0.1:9/"),
            "out of order (status 301)",
        ),
        (response(b"<html>"), "can't be read"),
        (response(b""), "can't be read"),
        (response(b"\xff\xfe\x00"), "can't be read"),
        (response(b"[" * 200_000), "can't be read"),
        (response(b"{}"), "has no list of games"),
        (response(b'{"games": 7}'), "has no list of games"),
        (response(b"[]"), "has no list of games"),
        (response(b"null"), "has no list of games"),
        (response(b" " * 2_000_001), "far too much"),
        (b"junk\r\n\r\n", "can't be reached"),
        (b"", "can't be reached"),
        (response(b"x" * 100)[:-50], "can't be reached"),
    ],
)
async def test_a_feed_that_is_out_of_order_is_told_in_words(
    ncaa: ModuleType, feed: Feed, answer: bytes, words: str
) -> None:
    feed.answer = answer
    outcome = await ask(ncaa, feed.call)
    assert outcome.status == "refused"
    assert outcome.text.startswith("The scoreboard")
    assert words in outcome.text


async def test_a_feed_that_is_down_is_told_in_words(ncaa: ModuleType) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = {"NCAA_API_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        async with httpx.AsyncClient() as client:
            outcome = await ask(ncaa, Call("1", "ncaa", "local", environ=where, client=client))
    assert (outcome.status, "can't be reached" in outcome.text) == ("refused", True)


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    """Leave the caller waiting."""


async def drips(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then: each read is quick, the whole takes for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("slow", [says_nothing, drips])
async def test_a_slow_feed_is_given_up_and_told_in_words(
    ncaa: ModuleType, feed: Feed, slow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ncaa, "SECONDS", 0.2)
    feed.answer = slow
    outcome = await ask(ncaa, feed.call)
    assert (outcome.status, "did not answer in time" in outcome.text) == ("refused", True)


def test_the_feed_is_given_up_before_the_tool_is(ncaa: ModuleType) -> None:
    assert ncaa.SECONDS == 5 < build(ncaa.get_mens_basketball_scores, "ncaa").timeout


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://x", "https://", "http://[::1", "http://\0", "https://a b"]
)
async def test_a_wrong_address_is_told_in_words(ncaa: ModuleType, address: str) -> None:
    async with httpx.AsyncClient() as client:
        call = Call("1", "ncaa", "local", environ={"NCAA_API_URL": address}, client=client)
        assert (await ask(ncaa, call)).status == "refused"


def test_the_default_feed_is_asked_over_https(ncaa: ModuleType) -> None:
    assert ncaa.FEED == "https://ncaa-api.henrygd.me"


async def test_a_caller_who_hangs_up_ends_the_request(ncaa: ModuleType, feed: Feed) -> None:
    asked = asyncio.Event()

    async def tell(writer: asyncio.StreamWriter) -> None:
        asked.set()

    feed.answer = tell
    task = asyncio.create_task(ask(ncaa, feed.call))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await feed.gone.wait()


async def test_two_callers_are_answered_at_once(ncaa: ModuleType, feed: Feed) -> None:
    both = asyncio.Barrier(2)

    async def together(writer: asyncio.StreamWriter) -> None:
        await both.wait()
        writer.write(games(game("Duke", "Kansas")))

    feed.answer = together
    outcomes = await asyncio.gather(ask(ncaa, feed.call, "mens"), ask(ncaa, feed.call, "womens"))
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    assert sorted(feed.asked) == ["/scoreboard/basketball-men/d1", "/scoreboard/basketball-women/d1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["games", "game", "home", "away", "names", "full", "score", "currentPeriod"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_whatever_json_the_feed_sends_gives_rows_or_words(ncaa: ModuleType, data: Any) -> None:
    try:
        found: Mapping[str, Any] = ncaa.read(json.dumps(data).encode())
    except ToolError:
        return
    assert all(row["home"] or row["away"] for row in found["games"])
    assert all(isinstance(value, str) for row in found["games"] for value in row.values())
