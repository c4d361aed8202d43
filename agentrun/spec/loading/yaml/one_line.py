"""Formats a value as one line of YAML."""

from __future__ import annotations

from typing import Any

import yaml


def in_one_line(value: Any) -> str:
    """``value`` with its mappings and lists in brackets, and a text in quotes only where it needs them.

    >>> in_one_line({"front desk": "+15551234567", "hours": ["9", "noon"]})
    "{front desk: '+15551234567', hours: ['9', noon]}"
    """
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.strip().removesuffix("...").strip()
