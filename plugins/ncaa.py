"""Scores of the NCAA basketball tournaments, from a public scoreboard.

``NCAA_API_URL`` is another base address. Offline, the scoreboard is a sample that stands beside this file.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from agentrun import Call, ToolError, hookimpl

FEED = "https://ncaa-api.henrygd.me"
SECONDS = 5.0
MOST_BYTES = 2_000_000
MOST_GAMES = 20
SAMPLES = Path(__file__).parent / "data"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


async def get_mens_basketball_scores(call: Call) -> dict[str, Any]:
    """Get the scores of tonight's men's college basketball games, and of games under way or about to start."""
    return await scores(call, "men")


async def get_womens_basketball_scores(call: Call) -> dict[str, Any]:
    """Get the scores of tonight's women's college basketball games, and of games under way or about to start."""
    return await scores(call, "women")


@hookimpl
def agentrun_tools() -> list[Any]:
    """The two scoreboards."""
    return [get_mens_basketball_scores, get_womens_basketball_scores]


async def scores(call: Call, who: str) -> dict[str, Any]:
    """The scoreboard of the ``men`` or the ``women`` as the model gets it."""
    address = call.environ.get("NCAA_API_URL")
    if call.offline and not address:
        return read(json.loads((SAMPLES / f"ncaa_scoreboard_{who}.json").read_text(encoding="utf-8")))
    return read(await fetch(f"{(address or FEED).rstrip('/')}/scoreboard/basketball-{who}/d1"))


async def fetch(url: str) -> Any:
    """The feed's JSON; raises ToolError in words when it is down, slow, too large, or not JSON."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ToolError("The scoreboard's address is not secure, so it was not asked.")
    try:
        async with asyncio.timeout(SECONDS):
            body = await _download(url)
        return json.loads(body)
    except (TimeoutError, httpx.TimeoutException):
        raise ToolError("The scoreboard did not answer in time. Offer to try again in a minute.") from None
    except httpx.HTTPError:
        raise ToolError("The scoreboard can't be reached at the moment. Offer to try again later.") from None
    except ValueError:
        raise ToolError("The scoreboard sent something that can't be read. Offer to try again later.") from None


async def _download(url: str) -> bytes:
    body = bytearray()
    async with httpx.AsyncClient(timeout=SECONDS) as client, client.stream("GET", url) as answer:
        if answer.status_code != 200:
            raise ToolError(f"The scoreboard is out of order (status {answer.status_code}). Say so.")
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise ToolError("The scoreboard sent far too much. Offer to try again later.")
    return bytes(body)


def read(feed: Any) -> dict[str, Any]:
    """The games of a feed; raises ToolError when it has no list of games.

    A game may lack any field: before it starts there is no score, and some have no network.
    """
    games = feed.get("games") if isinstance(feed, dict) else None
    if not isinstance(games, list):
        raise ToolError("The scoreboard has no list of games. Say that the scores are not available.")
    rows = [row for row in (_row(entry) for entry in games) if row]
    answer: dict[str, Any] = {"games": rows[:MOST_GAMES]}
    if len(rows) > MOST_GAMES:
        answer["more_games"] = len(rows) - MOST_GAMES
    answer["fetched_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    return answer


def _row(entry: Any) -> dict[str, str] | None:
    game = _mapping(_mapping(entry).get("game"))
    home, away = _mapping(game.get("home")), _mapping(game.get("away"))
    row = {
        "home": _text(_mapping(home.get("names")).get("full") or _mapping(home.get("names")).get("short")),
        "home_score": _text(home.get("score")),
        "away": _text(_mapping(away.get("names")).get("full") or _mapping(away.get("names")).get("short")),
        "away_score": _text(away.get("score")),
        "period": _text(game.get("currentPeriod")),
        "network": _text(game.get("network")),
    }
    return row if row["home"] or row["away"] else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""
