"""The names in the source of tools, to tell which variables no tool sets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from agentrun.tools.tool import Tool

_MOST_BYTES = 1_000_000
"""What is read of one file; a plugin of more than that is no hand's work."""


def words(tools: Iterable[Tool]) -> frozenset[str]:
    """Every word in the files of plugins that ``tools`` come from; none for tools that are not code."""
    codes = (getattr(tool.function, "__code__", None) for tool in tools)
    files = {code.co_filename for code in codes if code}
    return frozenset(word for file in files for word in re.findall(r"\w+", _text(Path(file))))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
