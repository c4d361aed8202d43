"""When the caller began to say what a realtime server transcribes later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

MOST_ITEMS = 100
"""Turns whose words have not come; older ones are forgotten."""
_BEGINNINGS = ("input_audio_buffer.speech_started", "input_audio_buffer.committed")
_WORDS = "conversation.item.input_audio_transcription."


class CallerItems:
    """Follows the items of a realtime session: their words come up to seconds after the answer to them.

    By then the caller may be at their next turn, so the beginning is known by the item, and by nothing else.
    """

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._written: list[tuple[float, str]] = []

    def note(self, kind: str, event: Mapping[str, Any]) -> None:
        """Take an event of the server."""
        item, now = str(event.get("item_id")), asyncio.get_running_loop().time()
        if kind in _BEGINNINGS:
            self._began.setdefault(item, now)
            while len(self._began) > MOST_ITEMS:
                del self._began[next(iter(self._began))]
        elif kind in (_WORDS + "completed", _WORDS + "failed"):
            began, words = self._began.pop(item, None), str(event.get("transcript") or "").strip()
            if began is not None and words:
                self._written.append((began, words))

    def take(self, words: str) -> list[tuple[float, str]]:
        """When the caller began to say each part of ``words``, which are all that came since the last time.

        On the loop's clock. What came before them was dropped on the way, as a muted caller's words are.
        Empty where that is not known, as in a session whose server does not tell.
        """
        written, self._written = self._written, []
        for first in range(len(written)):
            if " ".join(part for _, part in written[first:]) == words:
                return written[first:]
        # parts that were put together otherwise are told in one, from the first of them
        return next(([(began, words)] for began, part in written if words.startswith(part)), [])
