"""The environment variables that a scripted test sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentrun.errors import SetupError

NEEDED = frozenset({"HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USER"})
"""What programs that a tool starts can't do without. A key or an address is never among them."""


def scripted(environ: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """``environ`` without what could change a test's outcome, and the variables that it is ``given``.

    The same test then passes or fails on every machine, whatever its user has exported.

    >>> scripted({"PATH": "/bin", "NCAA_API_URL": "http://127.0.0.1:1"}, {"SHOP": "Rosa"})
    {'PATH': '/bin', 'SHOP': 'Rosa'}
    """
    return {name: value for name, value in environ.items() if name in NEEDED} | dict(given or {})


def assignments(lines: Iterable[str], source: str) -> dict[str, str]:
    """The variables of ``NAME=value`` lines; raises SetupError, which names ``source``, for any other line.

    >>> assignments(["SHOP=Rosa", "", "EMPTY="], "agentrun_environ")
    {'SHOP': 'Rosa', 'EMPTY': ''}
    """
    variables: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        name, equals, value = line.partition("=")
        if not equals or not name.isidentifier():
            raise SetupError(f"{source}: '{line}' is not a variable", "write a line NAME=value")
        variables[name] = value
    return variables
