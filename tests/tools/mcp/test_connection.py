"""Tools of real MCP servers: what the model is told, and what becomes of a server that dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentrun.call import Call
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.build import build
from agentrun.tools.mcp import unlisted
from agentrun.tools.results.result import MOST_CHARACTERS
from agentrun.tools.running.invoke import invoke
from tests.calls.desk import until
from tests.tools.mcp.conftest import SECONDS, Desk, HttpShop, stdio, until_up

USABLE = ["order_status", "place_order", "take_long", "tell_much"]


@pytest.fixture(params=["http", "stdio"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    shop = HttpShop()
    if request.param == "http":
        await shop.start()
    desk = Desk(McpServer(url=shop.url) if shop.port else stdio(), tmp_path)
    await desk.connect()
    yield desk
    await desk.servers.close()
    shop.stop()


async def test_the_server_s_tools_are_the_agent_s_with_their_schemas(desk: Desk) -> None:
    tools = {tool.name: tool for tool in desk.found().tools}
    assert list(tools)[:4] == USABLE
    assert tools["order_status"].description.startswith("Say how far an order is.")
    assert tools["order_status"].parameters["required"] == ["order"]
    items = tools["place_order"].parameters["properties"]["items"]["items"]
    assert items["properties"]["name"]["type"] == "string", "a definition was not put in its place"


async def test_what_the_server_answers_is_what_the_model_reads(desk: Desk) -> None:
    assert (await desk.run("order_status", order=7)).text == "Order 7 is baking."
    assert '"pizzas": 3' in (await desk.run("place_order", items=[{"name": "x", "count": 3}])).text


async def test_a_refusal_and_wrong_arguments_are_told_in_words(desk: Desk) -> None:
    refused, wrong = await desk.run("order_status", order=8), await desk.run("order_status", order="seven")
    assert refused.status == wrong.status == "refused"
    assert "There is no order 8." in refused.text
    assert "valid integer" in wrong.text
    assert (await desk.run("order_status", order=7)).status == "ok", "a refusal must not end the session"


async def test_long_results_are_cut_and_pictures_are_told_as_not_usable(desk: Desk) -> None:
    assert len((await desk.run("tell_much")).text) < MOST_CHARACTERS + 100
    assert "an image, which can't be told on a telephone" in (await desk.run("show_picture")).text


async def test_two_calls_at_once_don_t_wait_for_each_other(desk: Desk) -> None:
    slow = asyncio.create_task(desk.run("take_long", seconds=3600))
    assert (await desk.run("order_status", order=7)).status == "ok"
    assert not slow.done()
    slow.cancel()
    await asyncio.wait({slow})
    assert (await desk.run("order_status", order=7)).status == "ok", "an interruption ended the session"


async def test_a_slow_tool_is_stopped_after_its_timeout(desk: Desk) -> None:
    desk.server = desk.server.model_copy(update={"timeout": 0.2})
    [tool] = [tool for tool in desk.found().tools if tool.name == "take_long"]
    outcome = await invoke(replace(tool, timeout=0.2), Call("CA1", "desk", "twilio"), {"seconds": 3600})
    assert (outcome.status, "took longer than 0.2 s" in outcome.text) == ("timeout", True)
    assert (await desk.run("order_status", order=7)).status == "ok"


async def test_a_name_that_no_model_takes_is_left_out_and_said(desk: Desk) -> None:
    found = desk.found()
    assert "dotted.name" not in [tool.name for tool in found.tools]
    assert any("'dotted.name' can't be a tool's name" in trouble for trouble in found.troubles)


async def test_only_these_tools_are_brought_and_a_wrong_name_is_said(desk: Desk) -> None:
    connected = desk.server.model_copy(update={"only": ("order_status", "odrer_status")})
    found = desk.servers.bring([], [connected], desk.folder, {})
    assert [tool.name for tool in found.tools] == ["order_status"]
    assert ["has no tool 'odrer_status'; it has: order_status" in said for said in found.troubles] == [True]


async def test_a_name_that_is_taken_stays_with_the_plugin(desk: Desk) -> None:
    def order_status() -> str:
        """Say something else."""
        return "mine"

    mine = build(order_status, "orders")
    found = desk.servers.bring([mine], [desk.server], desk.folder, {})
    assert [tool for tool in found.tools if tool.name == "order_status"] == [mine]
    assert any("'order_status' is left out" in said and mine.origin in said for said in found.troubles)


async def test_options_of_the_spec_hold_for_its_tools(desk: Desk) -> None:
    told = McpServer.model_validate({**desk.server.model_dump(include={"url", "command"}), "confirm": True})
    tools = desk.servers.bring([], [told], desk.folder, {}).tools
    assert tools
    assert all(tool.confirm for tool in tools)
    assert tools[0].timeout == 10.0


async def test_a_server_that_dies_in_mid_call_is_told_in_words_and_a_program_is_started_anew(
    tmp_path: Path,
) -> None:
    desk = Desk(stdio(), tmp_path)
    connection = await desk.connect()
    slow = asyncio.create_task(desk.run("take_long", seconds=3600))
    assert (await desk.run("order_status", order=7)).status == "ok"
    outcomes = [await desk.run("die"), await slow]
    for outcome in outcomes:
        assert outcome.status == "refused"
        assert "the connection was lost, and it may or may not have taken effect" in outcome.text
    assert "not available at the moment" in (await desk.run("order_status", order=7)).text
    await until_up(connection)
    assert (await desk.run("order_status", order=7)).text == "Order 7 is baking."
    await desk.servers.close()


async def test_a_killed_address_is_connected_with_again_when_it_is_back(
    shop: HttpShop, tmp_path: Path
) -> None:
    desk = Desk(McpServer(url=shop.url), tmp_path)
    connection = await desk.connect()
    slow = asyncio.create_task(desk.run("take_long", seconds=3600))
    assert (await desk.run("order_status", order=7)).status == "ok"
    shop.stop()
    assert "the connection was lost" in (await slow).text
    assert "not available at the moment" in (await desk.run("order_status", order=7)).text
    assert [tool.name for tool in desk.found().tools][:4] == USABLE, "what it listed is still known"
    await shop.start()
    await until_up(connection)
    assert (await desk.run("order_status", order=7)).status == "ok"
    await desk.servers.close()


async def test_a_server_that_was_started_anew_is_asked_in_a_session_of_its_own(
    shop: HttpShop, tmp_path: Path
) -> None:
    desk = Desk(McpServer(url=shop.url), tmp_path)
    await desk.connect()
    before = (await desk.run("tell_process")).text
    shop.stop()
    await shop.start()
    first, second = await asyncio.gather(desk.run("order_status", order=7), desk.run("tell_process"))
    assert first.text == "Order 7 is baking."
    assert second.text != before
    await desk.servers.close()


async def test_a_server_that_dies_while_nobody_calls_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.tools.mcp.connection.REFRESH_SECONDS", 0.2)
    shop = HttpShop()
    await shop.start()
    desk = Desk(McpServer(url=shop.url), tmp_path)
    connection = await desk.connect()
    shop.stop()
    await until(lambda: not connection.is_up, SECONDS)
    await shop.start()
    await until_up(connection)
    assert (await desk.run("order_status", order=7)).status == "ok"
    await desk.servers.close()
    shop.stop()


async def test_a_program_that_dies_while_nobody_calls_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.tools.mcp.connection.REFRESH_SECONDS", 0.2)
    desk = Desk(stdio(), tmp_path)
    connection = await desk.connect()
    first = int((await desk.run("tell_process")).text)
    os.kill(first, signal.SIGKILL)
    await until(lambda: not connection.is_up, SECONDS)
    await until_up(connection)
    second = int((await desk.run("tell_process")).text)
    assert second != first
    await desk.servers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


async def test_a_server_that_comes_late_is_there_for_the_next_call(tmp_path: Path) -> None:
    shop = HttpShop()
    await shop.start()
    shop.stop()
    desk = Desk(McpServer(url=shop.url, only=("order_status",)), tmp_path)
    connection = await desk.connect()
    found = desk.found()
    assert [tool.description for tool in found.tools] == ["Not available at the moment."]
    assert "can't be reached: ConnectError" in found.troubles[0]
    assert "not available at the moment" in (await desk.run("order_status")).text
    await shop.start()
    await until_up(connection)
    assert (await desk.run("order_status", order=7)).text == "Order 7 is baking."
    await desk.servers.close()
    shop.stop()


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (McpServer(command=("/no/such/program",)), "FileNotFoundError"),
        (McpServer(command=("false",)), "MCPError: Connection closed"),
        (McpServer(url="http://127.0.0.1:9/${PATH_OF_SHOP}"), "ConnectError"),
        (McpServer(url="${NOWHERE}"), "UnsupportedProtocol"),
        (McpServer(url="http://127.0.0.1:9/", headers={"Authorization": "Bearer ${TOKEN}"}), "can't be sent"),
    ],
)
async def test_what_can_t_be_connected_with_says_why_and_never_a_secret(
    tmp_path: Path, server: McpServer, said: str
) -> None:
    environ = {"TOKEN": "s3cret\nX-Injected: 1", "PATH_OF_SHOP": "s3cret-path"}
    desk = Desk(server, tmp_path, environ)
    await desk.connect()
    [trouble] = desk.found().troubles
    assert said in trouble
    assert "s3cret" not in trouble
    await desk.servers.close()


async def test_a_program_gets_no_variables_but_those_that_the_spec_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-yours")
    desk = Desk(stdio(environment={"SHOP_TOKEN": "${TOKEN}"}), tmp_path, {"TOKEN": "t0p"})
    await desk.connect()
    told = (await desk.run("tell_environment")).text
    assert "SHOP_TOKEN=t0p" in told
    assert "not-yours" not in told
    await desk.servers.close()


async def test_one_connection_serves_two_agents_and_two_calls(tmp_path: Path) -> None:
    desk = Desk(stdio(), tmp_path)
    first = await desk.connect()
    assert await desk.connect() is first
    await desk.run("remember", word="one")
    assert (await desk.run("remember", word="two")).text == "one\ntwo"
    await desk.servers.close()


async def test_a_call_has_a_connection_of_its_own_where_the_spec_says_so(tmp_path: Path) -> None:
    desk = Desk(stdio(shared=False), tmp_path)
    await desk.connect()
    for word in ("one", "two"):
        found = desk.found()
        [own] = found.connections
        own.open()
        [tool] = [tool for tool in found.tools if tool.name == "remember"]
        assert (await invoke(tool, Call("CA1", "desk", "twilio"), {"word": word})).text == word
        await own.close()
    await desk.servers.close()


async def test_offline_nothing_but_this_machine_is_asked(tmp_path: Path) -> None:
    servers = McpServer(url="https://mcp.example.com/mcp"), McpServer(url="http://127.0.0.1:9/mcp")
    desk = Desk(servers[0], tmp_path)
    opened = desk.servers.open(servers, tmp_path, {}, offline=True)
    assert [connection.address.label for connection in opened] == ["http://127.0.0.1:9/mcp"]
    await desk.servers.close()


async def test_what_was_never_asked_leaves_the_tools_as_a_test_gave_them(tmp_path: Path) -> None:
    server = McpServer(url="http://127.0.0.1:9/mcp", only=("order_status",))
    own = [replace(tool, description="given by a test") for tool in unlisted(server)]
    found = Desk(server, tmp_path).servers.bring(own, [server], tmp_path, {})
    assert (found.tools, found.troubles) == (own, [])
