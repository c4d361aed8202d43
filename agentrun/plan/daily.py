"""Checks what an agent on Daily needs."""

from __future__ import annotations

import importlib.util
from urllib.parse import urlsplit

from agentrun.distribution import install_extra
from agentrun.providers.service_plans import ServicePlanner
from agentrun.providers.variables import Unset
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.daily import DailyTransport, RoomSpec
from agentrun.spec.values.addresses import problem_with

KEY = "DAILY_API_KEY"
_LIBRARY = "daily"
_ROOM_HINT = "write https://example.daily.co/room"


def plan(transport: DailyTransport, index: int, file: SpecFile, planner: ServicePlanner) -> DailyTransport:
    """``transport`` with its variables filled in; what is wrong or missing goes to ``planner``.

    ``index`` is its place in the spec's list. Without a ``room_url`` the key of Daily's API is needed. A
    ``room_url`` whose variable is not set becomes empty: nothing is made in its stead.
    """
    here = _where(file, index)
    if importlib.util.find_spec(_LIBRARY) is None:
        planner.lack((*here, "type"), "Daily's library is not installed", install_extra("daily"))
    if transport.room_url is None:
        planner.need(Unset(KEY, (*here, "type")))
        _check_made_room(transport, here, file, planner)
        return transport
    room_url = planner.text(transport.room_url, (*here, "room_url"))
    token = planner.text(transport.token, (*here, "token"))
    if room_url and (message := _problem_with_room(room_url)):
        planner.problem((*here, "room_url"), message, _ROOM_HINT)
    for key, value in (("room", transport.room), ("caller", transport.caller)):
        if value.model_fields_set:
            message = f"'{key}' has no effect with `room_url`: that room exists already"
            planner.problem((*here, key), message, f"remove room_url or {key}")
    return transport.model_copy(update={"room_url": room_url or "", "token": token})


def lifetime(room: RoomSpec, max_duration: float) -> float:
    """How long a room lasts, in seconds: what is asked for, or the longest call and five minutes."""
    return room.expires if room.expires is not None else max_duration + 300.0


def _check_made_room(transport: DailyTransport, here: Where, file: SpecFile, planner: ServicePlanner) -> None:
    if transport.token is not None:
        message = "`token` belongs to `room_url`: a room made for a call has tokens of its own"
        planner.problem((*here, "token"), message, "remove token, or add room_url")
    longest = file.spec.limits.max_duration
    if lifetime(transport.room, longest) < longest:
        message = f"the room would be gone before the longest call is over ({longest:g}s)"
        hint = f"write {longest:g}s or more, or a shorter limits.max_duration"
        planner.problem((*here, "room", "expires"), message, hint)


def _problem_with_room(url: str) -> str:
    """What is wrong with a room's address, or nothing."""
    if message := problem_with(url):
        return message
    name = urlsplit(url).path.strip("/")
    return "" if name and "/" not in name else f"'{url}' names no room"


def _where(file: SpecFile, index: int) -> Where:
    """The transport's place: a list has an index, a single one has none."""
    listed: Where = ("transport", index)
    return listed if any(place[:2] == listed for place in file.places) else ("transport",)
