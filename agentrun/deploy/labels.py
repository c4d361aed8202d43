"""Names that are valid in DNS and on deployment targets."""

from __future__ import annotations

import re

LONGEST = 40
"""So that what is put behind a name still fits into a label of 63 characters."""


def label(name: str) -> str:
    """``name`` in lower-case letters, digits and hyphens, beginning with a letter.

    >>> label("My Desk_2"), label("24h")
    ('my-desk-2', 'agents-24h')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST].strip("-")
    return slug if slug[:1].isalpha() else f"agents-{slug}".strip("-")
