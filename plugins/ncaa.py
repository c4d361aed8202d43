"""Scores of the NCAA basketball tournaments, from a public scoreboard.

``NCAA_API_URL`` is another base address, whose ``http`` is spoken only on this machine. Offline and without
it, the scoreboard is a sample that stands beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentrun import Call, ToolError, hookimpl

FEED = "https://ncaa-api.henrygd.me"
SECONDS = 5.0
MOST_BYTES = 2_000_000
MOST_GAMES = 20
MOST_CHARACTERS = 80
SAMPLES = Path(__file__).parent / "data"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


async def get_mens_basketball_scores(call: Call) -> dict[str, Any]:
    """Get the scores of tonight's men's college basketball games: finished, under way or about to start."""
    return await scores(call, "men")


async def get_womens_basketball_scores(call: Call) -> dict[str, Any]:
    """Get the scores of tonight's women's college basketball games: finished, under way or about to start."""
    return await scores(call, "women")


@hookimpl
def agentrun_tools() -> list[Callable[..., Any]]:
    """The two scoreboards."""
    return [get_mens_basketball_scores, get_womens_basketball_scores]


async def scores(call: Call, who: str) -> dict[str, Any]:
    """The scoreboard of the ``men`` or the ``women`` as the model gets it."""
    address = call.environ.get("NCAA_API_URL")
    if call.offline and not address:
        return read((SAMPLES / f"ncaa_scoreboard_{who}.json").read_bytes())
    return read(await fetch(call, f"{(address or FEED).rstrip('/')}/scoreboard/basketball-{who}/d1"))


async def fetch(call: Call, url: str) -> bytes:
    """What the feed sends; raises ToolError in words when it is down, slow, too large or elsewhere."""
    # here, for they take longer to import than the rest of `agentrun check`
    import asyncio

    import httpx

    try:
        async with asyncio.timeout(SECONDS):
            return await _download(call, url)
    except (TimeoutError, httpx.TimeoutException):
        raise ToolError("The scoreboard did not answer in time. Offer to try again in a minute.") from None
    except httpx.HTTPError:
        raise ToolError("The scoreboard can't be reached at the moment. Offer to try again later.") from None
    except (httpx.InvalidURL, ValueError):
        raise ToolError("The scoreboard's address is wrong. Say that the scores are not available.") from None


async def _download(call: Call, url: str) -> bytes:
    address = urlsplit(url)
    own_machine = address.hostname in LOOPBACK
    if address.scheme != "https" and not (own_machine and address.scheme == "http"):
        raise ValueError("only https leaves this machine")
    # All calls share the client of `call.http`: a client of one's own reads the certificates, for 20 ms of
    # processor time. Redirects are not followed: they could lead from https to http.
    # A compressed answer would be inflated whole before its size is known: none is asked for, or read.
    headers = {"Accept-Encoding": "identity"}
    how: dict[str, Any] = {"headers": headers, "timeout": SECONDS, "follow_redirects": False}
    body = bytearray()
    async with call.http.stream("GET", url, **how) as answer:
        if answer.status_code != 200:
            raise ToolError(
                f"The scoreboard is out of order (status {answer.status_code}). Offer to try later."
            )
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ToolError("The scoreboard sent something that can't be read. Offer to try again later.")
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise ToolError("The scoreboard sent far too much. Offer to try again later.")
    return bytes(body)


def read(feed: bytes) -> dict[str, Any]:
    """The games of a feed; raises ToolError when it is not JSON, or has no list of games.

    A game may lack any field: before it starts there is no score, and some have no network. Games that have
    not begun come last, so that they are the ones left out of a long list.
    """
    try:
        data = json.loads(feed)
    except (ValueError, RecursionError):
        raise ToolError(
            "The scoreboard sent something that can't be read. Offer to try again later."
        ) from None
    games = _mapping(data).get("games")
    if not isinstance(games, list):
        raise ToolError("The scoreboard has no list of games. Say that the scores are not available.")
    rows = [row for row in map(_row, games) if row["home"] or row["away"]]
    rows.sort(key=lambda row: not row["period"])
    left_out = {"more_games": len(rows) - MOST_GAMES} if len(rows) > MOST_GAMES else {}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"games": rows[:MOST_GAMES], **left_out, "fetched_at": now}


def _row(entry: Any) -> dict[str, str]:
    game = _mapping(_mapping(entry).get("game"))
    home, away = _mapping(game.get("home")), _mapping(game.get("away"))
    return {
        "home": _name(home),
        "home_score": _text(home.get("score")),
        "away": _name(away),
        "away_score": _text(away.get("score")),
        "period": _text(game.get("currentPeriod")),
        "network": _text(game.get("network")),
    }


def _name(team: dict[str, Any]) -> str:
    names = _mapping(team.get("names"))
    return _text(names.get("full")) or _text(names.get("short"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return str(value).strip()[:MOST_CHARACTERS] if isinstance(value, str | int | float) else ""
