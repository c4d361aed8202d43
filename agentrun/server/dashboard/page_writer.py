"""Writes the dashboard's pages from its templates; whatever somebody has said stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from agentrun.server.dashboard import json_layout

HERE = Path(__file__).parent
STATIC = HERE / "static"
_STYLES = ("theme.css", "dashboard.css")
_POLICY = (
    "default-src 'none'; style-src '{style}'; script-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_FORMS = {"second": "%d %b, %H:%M:%S", "minute": "%d %b, %H:%M", "hour": "%H:%M", "day": "%a %d %b"}
"""How a time is written; dashboard/static/times.js has the same names."""


class PageWriter:
    """Fills in templates; ``has_talk`` says whether the page that talks to an agent is served."""

    def __init__(self, has_talk: bool) -> None:
        loader = jinja2.FileSystemLoader(HERE / "templates")
        pages = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
        )
        pages.filters |= {"when": when, "clock": clock, "told": told, "layout": json_layout.parse}
        pages.filters["layout_of"] = json_layout.lay_out
        static = f"/dashboard/static/{static_state()}"
        pages.globals |= {"has_talk": has_talk, "static": static, "style": style()}
        self._pages = pages

    def write(self, name: str, **shown: Any) -> HTMLResponse:
        """The page of a template."""
        return self._answer(name, 200, shown)

    def error(self, status: int, message: str, **headers: str) -> HTMLResponse:
        """A page that says what is wrong, for who may see nothing else too."""
        answer = self._answer("error.html", status, {"status": status, "message": message})
        answer.headers.update(headers)
        return answer

    def _answer(self, name: str, status: int, shown: dict[str, Any]) -> HTMLResponse:
        now = datetime.now(UTC)
        zone = re.sub(r"(\d\d)$", r":\1", f"{now.astimezone():UTC%z}")
        text = self._pages.get_template(name).render(now=now.isoformat(), zone=zone, **shown)
        return HTMLResponse(text, status, {"Content-Security-Policy": _policy()})


@cache
def style() -> Markup:
    """The style of every page, which stands in the page: nothing is painted before it is there."""
    return Markup("".join((STATIC / name).read_text(encoding="utf-8") for name in _STYLES))  # noqa: S704 - ours


@cache
def _policy() -> str:
    """What a browser may do with a page: it takes no other style than ours."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return _POLICY.format(style=f"sha256-{digest}")


@cache
def static_state() -> str:
    """What tells styles and scripts from those of another version, so that a browser may keep them."""
    contents = (path.read_bytes() for path in sorted(STATIC.iterdir()))
    return hashlib.sha256(b"".join(contents)).hexdigest()[:12]


def when(text: str | datetime, form: str = "second") -> Markup:
    """A time in this server's zone, which the browser puts into its own."""
    time = datetime.fromisoformat(text) if isinstance(text, str) else text
    words = time.astimezone().strftime(_FORMS[form])
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(time.isoformat(), form, words)


def clock(seconds: float | None) -> str:
    """Seconds as minutes and seconds, with hours where there are some; nothing while a call is up.

    >>> clock(63.4), clock(3725)
    ('1:03', '1:02:05')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def told(value: Any) -> str:
    """What an analysis has found out, as people read it."""
    if isinstance(value, list):
        return ", ".join(map(told, value))
    return {"True": "yes", "False": "no", "None": "not told"}.get(str(value), str(value))
