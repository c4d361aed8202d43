"""Lets the agent leave a call in one way at a time: hang up, transfer, or hand off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

from agentrun.errors import ToolError
from agentrun.session.speech.transfers import UNDER_WAY

Way = Literal["hang_up", "transfer", "hand_over"]
SPOKEN_OVER = (
    "The caller spoke over these words and is still on the line: nothing was done. Go by what they say now."
)
_UNDER_WAY: dict[Way, str] = {
    "hang_up": "The call is being ended already. Do nothing more.",
    "transfer": UNDER_WAY,
    "hand_over": "The caller is being handed to a colleague already. Do nothing more.",
}


class Partings:
    """For one call, whoever asks: a model may call several such tools in one answer."""

    def __init__(self) -> None:
        self._under_way: Way | None = None

    @contextlib.contextmanager
    def only(self, way: Way) -> Iterator[None]:
        """Let the agent leave in this ``way`` during the block, which includes its last words.

        Raises ToolError, which the model is told, where it is leaving already; after a block that ends the
        call it is so for good.
        """
        if self._under_way:
            raise ToolError(_UNDER_WAY[self._under_way])
        self._under_way = way
        try:
            yield
        except BaseException:
            self._under_way = None
            raise
        if way == "hand_over":
            self._under_way = None
