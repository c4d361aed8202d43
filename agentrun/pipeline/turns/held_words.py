"""What a caller says over words that can't be interrupted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext

MOST_HELD = 100
"""Messages; a page that writes without an end fills no memory, and loses the oldest."""


def _never(*, written: bool) -> bool:  # noqa: ARG001 - asked by name
    return False


class HeldWords:
    """Keeps the caller's words out of ``context`` while an answer to earlier ones is made and spoken.

    They would stand before it there, and the model, asked with both questions and no answer, would answer
    both once more. Whenever the model is asked they are put behind all that was said until then.

    >>> held = HeldWords(LLMContext())
    >>> held.keep([{"role": "user", "content": "And where are you?"}])
    >>> held.waiting, held.join(), held.waiting
    (True, None, False)
    """

    def __init__(self, context: LLMContext) -> None:
        self._context = context
        self._messages: deque[Any] = deque(maxlen=MOST_HELD)
        self.holds: Callable[..., bool] = _never
        """Whether words are to be kept now; ``written`` is whether they were written or keyed."""
        self.on_kept: Callable[[], None] = lambda: None
        """Told of words that are kept."""

    @property
    def waiting(self) -> bool:
        """Whether there are words that the model has not been given."""
        return bool(self._messages)

    def keep(self, messages: Sequence[Any]) -> None:
        """Keep ``messages`` of the caller's."""
        self._messages.extend(messages)
        self.on_kept()

    def join(self) -> None:
        """Put what was kept into the conversation, behind all that is in it."""
        while self._messages:
            self._context.add_message(self._messages.popleft())
