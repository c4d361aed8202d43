"""Recognizes whose API key a value is by its documented prefix, and values that are no keys."""

from __future__ import annotations

import re

_MAKERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Anthropic", r"sk-ant-", ("anthropic", "claude")),
    ("OpenRouter", r"sk-or-", ("openrouter",)),
    ("OpenAI", r"sk-(?:proj|svcacct|admin)-", ("openai",)),
    ("Groq", r"gsk_", ("groq",)),
    ("xAI", r"xai-", ("xai", "grok")),
    ("Perplexity", r"pplx-", ("perplexity",)),
    ("NVIDIA", r"nvapi-", ("nvidia",)),
    ("Cerebras", r"csk-", ("cerebras",)),
    ("Cartesia", r"sk_car_", ("cartesia",)),
    ("Google", r"AIza", ("google", "gemini", "vertex")),
    ("Twilio", r"(?:AC|SK)[0-9a-f]{32}$", ("twilio",)),
    ("GitHub", r"gh[opsu]_|github_pat_", ("github",)),
)
"""Who makes it, how it begins, and words in the names of services that take it."""
_PLACEHOLDER = re.compile(
    r"(?:sk-)?(?:your|my|insert|paste|replace|change)[-_ ].{0,40}|<[^<>]*>|(?:sk-)?(?:\.{3}|…|x{4,})"
    r"|changeme|todo",
    re.IGNORECASE,
)


def fault(key: str, *asked: str) -> str:
    """What is wrong with a ``key`` for a service of the names ``asked``; nothing for one that may be right.

    A server of somebody's own may take any key: it is not to be asked about here.

    >>> fault("sk-ant-api03-abc", "openai"), fault("your-api-key", "openai"), fault("test", "openai")
    ("is a key of Anthropic's", 'is a placeholder', '')
    """
    if _PLACEHOLDER.fullmatch(key):
        return "is a placeholder"
    names = " ".join(asked).lower()
    for maker, beginning, words in _MAKERS:
        if re.match(beginning, key):
            return "" if any(word in names for word in words) else f"is a key of {maker}'s"
    return ""
