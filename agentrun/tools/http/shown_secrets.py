"""Secrets that a server shows again in its answer: no model is told them, and so no caller either."""

from __future__ import annotations

import contextlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from agentrun.spec.values.environment_variables import VARIABLE
from agentrun.tools.http.settings import SECRET, Settings, texts
from agentrun.tools.http.template import fill_variables

_LEAST = 6
"""Characters of a secret: a shorter one may be a word of the answer itself."""
_LEAST_DIGITS = 10
"""Of one of digits alone, which may be a number of the answer."""
_NAME = re.compile(r"_ID$", re.IGNORECASE)
"""Names of what names a key, and is none."""
_HIDDEN = "…"
_ESCAPE = re.compile("%[0-9A-F]{2}")


class ShownSecrets:
    """The secrets of a request, which are taken out of what it is answered.

    These are the variables that stand in a header with a secret's name, or have one themselves, and the
    password of ``auth:``. Other texts are searched as they are read, not as they are written: JSON has many
    ways to write a character.

    >>> ShownSecrets(settings, {"SHOP_KEY": "a-key-of-it"}).out_of({"key": "a-key-of-it"})  # doctest: +SKIP
    {'key': '…'}
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        secrets = sorted(set(_secrets(settings, environ)), key=len, reverse=True)
        forms = [form for secret in secrets for form in sorted(_forms(secret), key=len, reverse=True)]
        self._numbers = {secret for secret in secrets if secret.isdecimal()}
        self._pattern = re.compile("|".join(forms)) if forms else None

    def out_of_text(self, text: str) -> str:
        """``text`` without them."""
        return self._pattern.sub(_HIDDEN, text) if self._pattern else text

    def out_of_any(self, text: str) -> str:
        """``text`` without them, as it is written; JSON anew, if only reading it shows one."""
        text = self.out_of_text(text)
        if not self._pattern:
            return text
        with contextlib.suppress(ValueError, RecursionError):
            shown = self.out_of(json.loads(text))
            if shown != json.loads(text):
                return json.dumps(shown, ensure_ascii=False)
        return text

    def out_of(self, data: Any) -> Any:
        """What was read of JSON without them, in its keys too; lists and objects are changed in place."""
        if not self._pattern:
            return data
        whole = [data]
        waiting: list[list[Any] | dict[str, Any]] = [whole]
        while waiting:
            holder = waiting.pop()
            if isinstance(holder, dict):
                values = {self.out_of_text(key): self._value(value) for key, value in holder.items()}
                holder.clear()
                holder.update(values)
                waiting += [value for value in values.values() if isinstance(value, list | dict)]
            else:
                holder[:] = [self._value(value) for value in holder]
                waiting += [value for value in holder if isinstance(value, list | dict)]
        return whole[0]

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.out_of_text(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        # a longer one is none, and Python writes none of over 4,300 digits
        if is_number and abs(value) < 10**100 and str(value) in self._numbers:
            return _HIDDEN
        return value


def _forms(secret: str) -> set[str]:
    """Patterns of the ways in which a text may show ``secret``."""
    if secret.isdecimal():
        return {rf"(?<!\d){secret}(?!\d)"}
    quoted = quote(secret, safe="")
    lower = _ESCAPE.sub(lambda found: found[0].lower(), quoted)
    written = {secret, json.dumps(secret)[1:-1], quoted, lower, html.escape(secret)}
    return {re.escape(form) for form in written}


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
