"""What every prompt can name; apart from Jinja2, which a spec without templates does without."""

from __future__ import annotations

CALL_FIELDS = ("agent", "body", "caller", "from_number", "id", "to_number", "transport")
NAMES = ("call", "now")
