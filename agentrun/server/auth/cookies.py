"""Finds this server's cookies among those that a browser sends to its host."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.datastructures import Headers


def values(headers: Headers, name: str) -> Iterator[str]:
    """The values of the cookies called ``name``, in the order in which they are sent.

    Cookies are a host's and not a port's (RFC 6265 section 8.5), so those of every other program on the host
    stand beside ours, also such that no grammar knows: they are passed over, whatever they are.

    >>> list(values(Headers({"cookie": 'prefs={"a": 1}; odd; mine=1; x=ü; mine=2'}), "mine"))
    ['1', '2']
    """
    for header in headers.getlist("cookie"):
        for pair in header.split(";"):
            key, equals, value = pair.strip().partition("=")
            if equals and key.strip() == name:
                yield value.strip()
