"""Detects the end of a realtime response without ``response.done``, by the ends of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LATE_SECONDS = 3.0
"""How long after the end of its last part a response may be told to be over, or begin another part."""
NEVER_SECONDS = 6.0
"""How much later its end may come for nothing to be noted; what it tells of tokens counts all the same."""
_SOUND_ENDED = ("response.output_audio.done", "response.audio.done")


class MissingEnd:
    """Follows the events of one session. ``is_awaited`` while every part of a response has ended.

    ``late`` are the ends that came behind those that were made.

    >>> end = MissingEnd()
    >>> for kind in ("response.created", "response.output_item.added", "response.output_item.done"):
    ...     end.note(kind, {"response": {"id": "r"}, "response_id": "r", "item": {"id": "i"}})
    >>> end.is_awaited, end.made()["type"], end.is_awaited
    (True, 'response.done', False)
    >>> end.is_late({"response": {"id": "r"}}), end.late, end.is_missing
    (True, [{'response': {'id': 'r'}}], False)
    """

    def __init__(self) -> None:
        self._response = self._ended = ""
        self._open: set[str] = set()
        self._began = False
        self.is_missing = False
        """Whether an end was made that has not come, and that was not noted."""
        self.late: list[Mapping[str, Any]] = []

    @property
    def seconds(self) -> float | None:
        """How long the next event may take until something is to be done; None where nothing is."""
        if self.is_awaited:
            return LATE_SECONDS
        return NEVER_SECONDS if self.is_missing else None

    @property
    def is_awaited(self) -> bool:
        """Whether nothing but the end of a response is to come."""
        return self._began and not self._open

    def note(self, kind: str, event: Mapping[str, Any]) -> None:
        """Take an event of the server."""
        if kind == "response.created":
            self._response, self._began = _id_of(event.get("response")), False
            self._open.clear()
        elif kind == "response.done":
            self._began = False
        elif kind == "response.output_item.added":
            self._began = True
            if self._response == self._ended:
                # it goes on after all, and its true end is to come
                self._ended, self.is_missing = "", False
            self._open.add(_id_of(event.get("item")))
        elif kind == "response.output_item.done":
            self._open.discard(_id_of(event.get("item")))
        elif kind in _SOUND_ENDED:
            self._open.discard(str(event.get("item_id")))

    def made(self) -> dict[str, Any]:
        """The event that the server owes."""
        self._began, self._ended, self.is_missing = False, self._response, True
        of = {"id": self._response, "object": "realtime.response"}
        response: dict[str, Any] = {**of, "status": "completed", "output": []}
        return {"type": "response.done", "event_id": "completed", "response": response}

    def is_late(self, event: Mapping[str, Any]) -> bool:
        """Whether the end of a response is told that was taken for ended before, or of another one than this.

        A server may call a response otherwise at its end, but that comes behind the ends of its parts.
        """
        told = _id_of(event.get("response"))
        if told and told == self._ended:
            self.is_missing = False
        elif not (told and self._response and told != self._response and self._open):
            return False
        self.late.append(event)
        return True


def _id_of(value: object) -> str:
    return str(value.get("id") or "") if isinstance(value, Mapping) else ""
