"""The names available in every prompt; separate from Jinja2, which not every spec needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentrun.spec.loading.spec_file import Where

CALL_FIELDS = ("agent", "body", "caller", "from_number", "id", "to_number", "transport")
NAMES = ("call", "now")
BODY = "call.body."
"""What the name of a call's own parameter begins with."""
TEMPLATES: tuple[Where, ...] = (
    ("prompts",),
    ("prompts", "system"),
    ("prompts", "greeting"),
    ("prompts", "greeting", "say"),
)
SPOKEN_AS_THEY_STAND: tuple[Where, ...] = (
    ("prompts", "apology"),
    ("prompts", "repeat"),
    ("turns", "idle", "say"),
    ("turns", "idle", "goodbye"),
    ("limits", "warning"),
    ("limits", "goodbye"),
)
"""Texts that are not templates: they are prepared before a call, so that they work when all else fails."""
