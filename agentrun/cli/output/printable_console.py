"""A Rich console that shows untrusted text without obeying it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from agentrun.printable import printable


class PrintableConsole(Console):
    """Rich's console, without the markup of square brackets unless it is asked for.

    Text of a call may hold both, the escape sequences of terminals and Rich's own markup: the first are shown
    by their numbers, the second as they stand.
    """

    def __init__(self, *, markup: bool = False, **options: Any) -> None:
        super().__init__(markup=markup, emoji=False, highlight=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich's, with every text printable; the console's own commands are segments of another kind."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or text.isprintable() else Segment(printable(text), style)
