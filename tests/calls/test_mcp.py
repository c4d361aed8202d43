"""An MCP server behind a call: it is down, it comes, and a call uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import HELLO, QUESTION, open_desk, until
from tests.calls.quick import calls
from tests.tools.mcp.conftest import HttpShop

SORRY = Answer("I can't look that up just now.")
BAKING = Answer("Your order is baking.")
ASK = calls("order_status", order=7)


def named(messages: Any) -> set[str]:
    return {tool["function"]["name"] for tool in messages.tools}


async def test_a_server_that_was_down_at_the_start_is_used_by_the_next_call(tmp_path: Path) -> None:
    shop = HttpShop()
    await shop.start()
    shop.stop()
    tools = json.dumps(["hours", {"mcp": {"url": shop.url, "only": ["order_status", "take_long"]}}])
    script = [HELLO, ASK, SORRY, HELLO, ASK, BAKING]
    try:
        async with open_desk(
            tmp_path, script, heard=["Where is it?"] * 2, overrides={"tools": tools}
        ) as desk:
            [connection] = desk.server.switchboard.resources.mcp._connections.values()
            ended = []
            for _ in range(2):
                async with desk.caller.call(desk.url) as call:
                    await call.hear_greeting()
                    await call.say(QUESTION)
                    await call.hear_answer()
                ended.append(await desk.finished(call))
                if shop.process and shop.process.poll() is not None:
                    await shop.start()
                    await until(lambda: connection.is_up, 30)
            asked = [named(messages) for messages in desk.brain.asked]
    finally:
        shop.stop()
    results = [[entry for entry in record.transcript if entry.who == "tool"] for record in ended]
    assert [(tool.status, tool.name) for [tool] in results] == [
        ("refused", "order_status"),
        ("ok", "order_status"),
    ]
    assert "not available at the moment" in results[0][0].text
    assert "Order 7 is baking." in results[1][0].text
    assert {"get_hours", "order_status", "take_long"} <= asked[-1]
    assert "tell_much" not in asked[-1]
