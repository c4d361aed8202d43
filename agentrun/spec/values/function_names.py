"""Valid names for functions that a model can call."""

from __future__ import annotations

import re

HINT = "use letters, digits, _ and -, at most 64"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def can_be_called(name: str) -> bool:
    """Whether OpenAI takes ``name`` as a function's (``tools.function.name``).

    https://platform.openai.com/docs/api-reference/chat/create

    >>> can_be_called("get_hours"), can_be_called("get hours")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None
