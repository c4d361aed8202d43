"""Creates and deletes Daily rooms over the REST API, with Pipecat's client."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from loguru import logger
from pipecat.transports.daily.utils import (
    DailyMeetingTokenParams,
    DailyMeetingTokenProperties,
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
    DailyRoomSipParams,
)

from agentrun.plan import daily
from agentrun.spec.models.daily import CallerSpec, DailyTransport

ADDRESS = "DAILY_API_URL"
USUAL_ADDRESS = "https://api.daily.co/v1"
REQUEST_SECONDS = 10.0
MOST_DELETIONS = 2
_T = TypeVar("_T")
_FAILURES = (aiohttp.ClientError, TimeoutError, KeyError, ValueError)


class DailyError(Exception):
    """Daily's API refused, failed or did not answer."""


@dataclass(frozen=True)
class Room:
    """A room that was made: ``token`` is the agent's, ``caller_token`` the caller's or empty."""

    name: str
    url: str
    token: str = field(repr=False)
    caller_token: str = field(repr=False)


class DailyRooms:
    """Every room of this process; none outlives ``close``, whatever became of its call.

    ``environ`` has ``DAILY_API_KEY``, and ``DAILY_API_URL`` when the API is elsewhere.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.api_key = environ.get(daily.KEY, "")
        self.api_url = (environ.get(ADDRESS) or USUAL_ADDRESS).rstrip("/")
        self._http: aiohttp.ClientSession | None = None
        self._names: set[str] = set()
        self._making: set[asyncio.Task[Room]] = set()
        self._deleting: set[asyncio.Task[None]] = set()
        self._closing = False

    async def make(self, asked: DailyTransport, max_duration: float, *, telephone: str = "") -> Room:
        """Make a room and its tokens, for a caller or for the ``telephone`` that is calling.

        ``max_duration`` is the longest call in seconds. Raises DailyError; a room that was made halfway is
        deleted, also when the caller of this is cancelled.
        """
        seconds = daily.lifetime(asked.room, max_duration)
        name = f"agentrun-{uuid.uuid4().hex[:16]}"
        self._names.add(name)
        task = asyncio.create_task(self._make(name, asked, seconds, telephone), name=f"make {name}")
        self._making.add(task)
        task.add_done_callback(self._making.discard)
        room: Room | None = None
        try:
            await asyncio.wait({task})
            room = task.result()
        finally:
            if room is None:
                # a request that is under way could still make the room after it was deleted
                task.add_done_callback(lambda _: self.release(name))
        return room

    def release(self, name: str) -> None:
        """Delete a room, without waiting for it."""
        task = asyncio.create_task(self._delete(name), name=f"delete {name}")
        self._deleting.add(task)
        task.add_done_callback(self._deleting.discard)

    async def close(self) -> None:
        """Make no more rooms, and wait until every room is deleted or has been tried to be."""
        self._closing = True
        if self._making:
            await asyncio.wait(self._making)
        for name in self._names:
            self.release(name)
        while self._deleting:
            await asyncio.wait(self._deleting)
        if self._http:
            await self._http.close()

    async def _make(self, name: str, asked: DailyTransport, seconds: float, telephone: str) -> Room:
        """The name is ours and known before the request, so that an answer that is lost loses no room."""
        client = self._client()
        params = DailyRoomParams(
            name=name, privacy=asked.room.privacy, properties=_properties(asked, seconds, telephone)
        )
        if self._closing:
            raise DailyError("the server is stopping")
        room = await _ask(client.create_room(params), "make a room")
        token = await _ask(client.get_token(room.url, seconds), "make the agent's token")
        if telephone:
            return Room(name, room.url, token, "")
        caller = asked.caller
        asking = client.get_token(
            room.url,
            seconds,
            eject_at_token_exp=caller.eject_at_token_exp,
            owner=caller.is_owner,
            params=_token(caller),
        )
        return Room(name, room.url, token, await _ask(asking, "make the caller's token"))

    async def _delete(self, name: str) -> None:
        for _ in range(MOST_DELETIONS):
            if name not in self._names:
                return
            try:
                await _ask(self._client().delete_room_by_name(name), "delete a room")
            except DailyError as error:
                logger.warning("room {}: {}; it goes when it expires", name, error)
            else:
                break
        self._names.discard(name)

    def _client(self) -> DailyRESTHelper:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS))
        return DailyRESTHelper(
            daily_api_key=self.api_key, daily_api_url=self.api_url, aiohttp_session=self._http
        )


async def _ask(asking: Coroutine[Any, Any, _T], what: str) -> _T:
    """The answer of Pipecat's client, which raises bare Exceptions for what Daily refuses."""
    answers = await asyncio.gather(asking, return_exceptions=True)
    answer: _T | BaseException = answers[0]
    if not isinstance(answer, BaseException):
        return answer
    if type(answer) is Exception or isinstance(answer, _FAILURES):
        message = " ".join(str(answer).split())[:300]
        raise DailyError(f"Daily's API did not {what}: {message or type(answer).__name__}") from None
    raise answer


def _properties(asked: DailyTransport, seconds: float, telephone: str) -> DailyRoomProperties:
    options = asked.room.model_dump(exclude={"expires", "privacy"}, exclude_none=True)
    properties = DailyRoomProperties(**options, exp=time.time() + seconds, eject_at_room_exp=True)
    if telephone:
        properties.sip = DailyRoomSipParams(display_name=telephone, sip_mode="dial-in", num_endpoints=1)
        properties.start_video_off = True
    return properties


def _token(caller: CallerSpec) -> DailyMeetingTokenParams:
    options = caller.model_dump(exclude={"is_owner", "eject_at_token_exp"}, exclude_none=True)
    return DailyMeetingTokenParams(properties=DailyMeetingTokenProperties(**options))
