"""The secrets file of an ejected folder: which names still need a value. No value is kept."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

EXAMPLE = "secrets.env.example"
MOST_BYTES = 1024 * 1024
IGNORED = b"secrets.env\n.env\n"
"""What git is told to leave out, wherever a folder is kept."""
_NEEDED = re.compile(rb"^([A-Za-z_][A-Za-z0-9_]*)=$", re.MULTILINE)


def needed(example: bytes) -> list[str]:
    """The variables that nothing works without, by the example of the file.

    >>> needed(b"# a key\\nOPENAI_API_KEY=\\n# PORT=\\n")
    ['OPENAI_API_KEY']
    """
    return [name.decode() for name in _NEEDED.findall(example)]


def missing(path: Path, example: bytes) -> list[str] | None:
    """Those of them that have no value in the file at ``path``; None where there is no file.

    A file of more than 1 MiB, or none that is text, has no value of any.
    """
    if not path.is_file():
        return None
    names = needed(example)
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= MOST_BYTES else ""
    except (OSError, UnicodeDecodeError):
        return names
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    return [name for name in names if not values.get(name)]
