"""The events of a realtime socket of a service that speaks like OpenAI's, as they are.

Such services read their events themselves; here is only noted what they say of the conversation.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from agentrun.pipeline.pipecat_private.realtime.readable_events import SOUND, EventNotes

_SOUND = (SOUND, '"response.audio.delta"')


class FollowedEvents:
    """A socket that gives what comes, and tells ``session`` of it.

    ``is_over`` is true once the server has closed it.
    """

    def __init__(self, socket: Any, session: EventNotes) -> None:
        self.socket = socket
        self.events_read = 0
        self.is_over = False
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        async for message in self.socket:
            self.events_read += 1
            self._note(message)
            yield message
        self.is_over = True

    def _note(self, message: str | bytes) -> None:
        if isinstance(message, str) and any(sound in message for sound in _SOUND):
            self._session.note_answer()
            return
        try:
            event = json.loads(message)
            kind = str(event["type"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._session.skip("unreadable", str(message)[:100])
            return
        self._session.note_news(kind, event)
