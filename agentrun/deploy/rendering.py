"""Renders the targets' templates; values are quoted for the format of each file."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
"""The rooms of the targets, with their templates."""
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - each template quotes with `q` or `xml`
)


def _quoted(value: Any) -> str:
    """A string, number or flag as JSON has it, which is YAML, TOML and Python for strings as well."""
    return json.dumps(value, ensure_ascii=False)


def unit_word(word: str) -> str:
    """A word of a command in a unit of systemd, which has specifiers and variables of its own.

    >>> unit_word("agents/100% $HOME.yaml")
    '"agents/100%% $$HOME.yaml"'
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def copy_word(name: str) -> str:
    """A name for `COPY` in the form of JSON, where variables and quotes would still be read.

    >>> print(copy_word("it's $HOME"))
    "it\\\\'s \\\\$HOME"
    """
    return _quoted(re.sub(r"""([\\$'"])""", r"\\\1", name))


def docstring(text: str) -> str:
    """A line of a docstring, which neither a backslash nor quotes end.

    >>> print(docstring('a "b"'))
    a \\"b\\"
    """
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


_ENVIRONMENT.filters["docstring"] = docstring
_ENVIRONMENT.filters["copy_word"] = copy_word
_ENVIRONMENT.filters["q"] = _quoted
_ENVIRONMENT.filters["xml"] = quoteattr
_ENVIRONMENT.filters["sh"] = shlex.quote
_ENVIRONMENT.filters["dirname"] = posixpath.dirname


def render(template: str, values: Mapping[str, Any]) -> bytes:
    """The template at ``template`` below this folder, such as ``systemd/agentrun.service.j2``.

    Raises jinja2.UndefinedError for a value that is missing.
    """
    return _ENVIRONMENT.get_template(template).render(values).encode()
