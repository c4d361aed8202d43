"""Checks the literal parts of a request, before any call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from agentrun.tools.http.parameter import wrong
from agentrun.tools.http.template import fill_variables

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_UNSENDABLE = re.compile(r"[^\x20-\x7e]")
_OF_THE_BODY = "it follows from the address and the body"
_OF_THE_CONNECTION = "it belongs to the connection, not to a request"
_OURS = {
    **dict.fromkeys(("host", "content-length"), _OF_THE_BODY),
    **dict.fromkeys(("transfer-encoding", "upgrade"), _OF_THE_CONNECTION),
}
"""Headers that nobody but the client itself can write: RFC 9110, section 7.6.1."""
_NEEDLESS = {
    "accept-encoding": "answers are read as they are, or from gzip and deflate",
    **dict.fromkeys(
        ("connection", "keep-alive", "proxy-connection", "te", "trailer", "expect"), _OF_THE_CONNECTION
    ),
}
"""Headers that are the client's own as well, with which a request is answered all the same."""


def is_host(host: str) -> bool:
    """Whether ``host`` can be one: names of DNS, of a network's own, and addresses of IPv4.

    >>> is_host("my_api.internal"), is_host("api..example.com")
    (True, False)
    """
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def check_address(url: str) -> None:
    """Raise if the path of a URL is invalid whatever its arguments are."""
    literal = _VARIABLE.sub("x", _TEMPLATE.sub("x", _COMMENT.sub("", url)))
    if unsendable := re.search(r"[\x00-\x1f\x7f]", literal):
        hint = "write the address in one line, and what can't be printed as %0A"
        raise wrong("the address holds {given}, which is never sent", hint, given=repr(unsendable[0]))
    path = re.split(r"[?#]", literal, maxsplit=1)[0].split("/")[3:]
    segments = [unquote(segment).strip() for segment in path]
    for place, segment in enumerate(segments):
        if segment in (".", "..") or (not segment and place < len(segments) - 1):
            what = f"'{segment}' between its slashes" if segment else "two slashes side by side"
            hint = "write the path as it is asked for: https://api.example.com/v1/orders"
            raise wrong("the address has {given}, so it is never requested", hint, given=what)


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise if headers are invalid whatever their arguments are."""
    seen: set[str] = set()
    for name, value in headers.items():
        if why := _OURS.get(name.lower()):
            raise wrong("the header '{given}' can't be set: {why}", "leave it out", given=name, why=why)
        if name.lower() in seen:
            raise wrong("the header '{given}' is there twice", "remove one of the two", given=name)
        seen.add(name.lower())
        literal = _TEMPLATE.sub("", _COMMENT.sub("", fill_variables(value, {})))
        if found := _UNSENDABLE.search(literal):
            hint = "write letters of ASCII, in one line; others can be sent in `body:` or `query:`"
            raise wrong(
                "the header '{name}' holds {given}, which is never sent",
                hint,
                name=name,
                given=repr(found[0]),
            )


def needless_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The name of each header that is of no use, and why."""
    for name in headers:
        if why := _NEEDLESS.get(str(name).lower()):
            yield name, why
