"""The secret values that no log and no record may contain: keys, tokens and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agentrun.spec.checks import secret_values as written

SHOWN = "[secret]"
_LEAST = 6
"""A shorter value is a word like ``test``: hiding it would hide half of what is said."""
_NAME = re.compile(
    r"(?:^|_)(?:(?:API|ACCESS|AUTH)?_?KEYS?|(?:AUTH_?)?TOKEN|(?:API|ACCESS|AUTH)_?TOKENS|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASSCODE|PASS|PWD|"
    r"CREDENTIALS?|DSN|HEADERS)"
    r"(?:_(?:ID|VALUE|PRIMARY|SECONDARY|OLD|NEW|PREVIOUS|CURRENT|NEXT|BACKUP|\d+))*$",
    re.IGNORECASE,
)
"""A second key, for the time in which one is exchanged for another, is as secret as the first."""
_SEVERAL = re.compile(r"[\s,;=]+")
"""Between keys that stand in one variable, as in ``OTEL_EXPORTER_OTLP_HEADERS`` (``api-key=…,team=…``)."""
_SHAPES = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)(?=\S*\d)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<user>://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|\bwhsec_[A-Za-z0-9+/=]{8,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    re.IGNORECASE,
)


def of(environ: Mapping[str, str], names: Iterable[str] = ()) -> frozenset[str]:
    """The values of the variables whose names say that they are secret, and of ``names``.

    >>> sorted(of({"OPENAI_API_KEY": "sk-first", "HOME": "/root", "CRM": "hunter2!"}, ["CRM"]))
    ['hunter2!', 'sk-first']
    """
    chosen = {*names, *(name for name in environ if _NAME.search(name))}
    values = (environ.get(name, "") for name in chosen)
    words = (word for value in values for word in (value, *value.split(), *_of_several(value)))
    return frozenset(word for word in words if _is_secret(word))


def _of_several(value: str) -> list[str]:
    """The parts of ``value`` that look like keys, which have a digit; the names before them are no secret."""
    return [part for part in _SEVERAL.split(value) if len(part) > _LEAST and any(map(str.isdigit, part))]


def hide(text: str) -> str:
    """``text`` without what looks like a key, a token, or the password of an address.

    >>> hide("Bearer abcdefgh1234 at postgresql://me:hunter2@db/calls")
    'Bearer [secret] at postgresql://me:[secret]@db/calls'
    """
    return written.cover(_SHAPES.sub(_hidden, text), SHOWN)


def _hidden(match: re.Match[str]) -> str:
    return f"{match['scheme'] or match['user'] or ''}{SHOWN}"


def _is_secret(value: str) -> bool:
    """Not a path, such as that of Google's credentials, and not a short word."""
    return len(value) >= _LEAST and not value.startswith(("/", "./", "~"))
