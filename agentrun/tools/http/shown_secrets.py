"""Secrets that a server shows again in its answer: no model is told them, and so no caller either."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from agentrun.spec.values.environment_variables import VARIABLE
from agentrun.tools.http.settings import SECRET, Settings, texts
from agentrun.tools.http.template import fill_variables

_LEAST = 6
"""Characters of a secret: a shorter one may be a word of the answer itself."""
_LEAST_DIGITS = 10
"""Of one of digits alone, which may be a number of the answer."""
_BEFORE, _BEHIND = rb"(?:(?<!\w)|(?<=\\[nrt]))", rb"(?!\w)"
"""Around a secret: it is no part of a longer word; JSON writes the end of a line with a letter."""
_NAME = re.compile(r"_ID$", re.IGNORECASE)
"""Names of what names a key, and is none."""
_HIDDEN = "…".encode()


def hidden(content: bytes, settings: Settings, environ: Mapping[str, str]) -> bytes:
    """An answer's ``content`` without the secrets of the request.

    These are the variables that stand in a header with a secret's name, or have one themselves, and the
    password of ``auth:``.
    """
    for secret in sorted(set(_secrets(settings, environ)), key=len, reverse=True):
        for written in {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}:
            whole = _BEFORE + re.escape(written.encode()) + _BEHIND
            content = re.sub(whole, _HIDDEN, content)
    return content


def _secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    headers = [value for name, value in settings.headers.items() if SECRET.search(name)]
    fields = (settings.form or {}).values()
    form = [list(each) if isinstance(each, tuple) else each for each in fields]
    anywhere = [settings.url, settings.headers, settings.query, settings.body, form]
    variables = [VARIABLE.findall(text) for text in texts(headers)]
    variables += [
        [each for each in VARIABLE.findall(text) if SECRET.search(each[0]) and not _NAME.search(each[0])]
        for text in texts(anywhere)
    ]
    values = [environ.get(name, "") for found in variables for name, _ in found]
    if settings.auth:
        auth = settings.auth
        user, password = (fill_variables(each, environ) for each in (auth.user, auth.password))
        values += [password, b64encode(f"{user}:{password}".encode()).decode()]
    yield from (value for value in values if len(value) >= (_LEAST_DIGITS if value.isdecimal() else _LEAST))
