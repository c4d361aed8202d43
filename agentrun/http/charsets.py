"""The charsets that other people's servers name: only those are heeded that read a text in one go."""

from __future__ import annotations

import codecs
from email.message import Message

_SLOW = frozenset({"idna", "punycode"})
"""Names of hosts: a text of a megabyte takes them hours, for each character is put into the middle."""


def readable(content_type: str) -> str:
    """``content_type`` without a charset that is none for texts; such a text is read as UTF-8 then.

    Python knows compressions by names of charsets too, and httpx would inflate a text by those, without any
    bound.

    >>> readable("text/plain; charset=latin-1"), readable("text/plain; charset=zlib")
    ('text/plain; charset=latin-1', 'text/plain')
    """
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset()
    return content_type if charset is None or _is_of_texts(charset) else message.get_content_type()


def _is_of_texts(charset: str) -> bool:
    try:
        info = codecs.lookup(charset)
        "a".encode(charset)
    except (LookupError, ValueError):
        return False
    return info.name not in _SLOW and info.incrementaldecoder is not None
