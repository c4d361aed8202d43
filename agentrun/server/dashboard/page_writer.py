"""Renders the dashboard's pages from templates, with everything escaped that people have said."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
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
PIECE = 32 * 1024
_FORMS = {"second": "%d %b, %H:%M:%S", "minute": "%d %b, %H:%M", "hour": "%H:%M", "day": "%a %d %b"}
"""How a time is written; dashboard/static/times.js has the same names."""


class PageWriter:
    """Fills in templates; ``has_talk`` says whether the page that talks to an agent is served."""

    def __init__(self, has_talk: bool) -> None:
        loader = jinja2.FileSystemLoader(HERE / "templates")
        pages = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
        )
        pages.filters |= {
            "when": when,
            "local_time": local_time,
            "clock": clock,
            "told": told,
            "layout": json_layout.parse,
        }
        pages.filters["layout_of"] = json_layout.lay_out
        static = f"/dashboard/static/{static_state()}"
        pages.globals |= {"has_talk": has_talk, "static": static, "style": style()}
        self._pages = pages

    def part(self, name: str, **shown: Any) -> HTMLResponse:
        """The template of a part of a page, as a page of its own."""
        return HTMLResponse("".join(self.pieces(name, **shown)), headers=headers())

    def head(self, name: str, title: str) -> str:
        """How the page of a template begins, which needs nothing that it shows."""
        return self._pages.get_template("head.html").render(**_always(name), title=title)

    def pieces(self, name: str, **shown: Any) -> Iterator[str]:
        """The rest of it, at least ``PIECE`` letters at a time."""
        made, size = list[str](), 0
        for words in self._pages.get_template(name).generate(**_always(name), **shown):
            made.append(words)
            size += len(words)
            if size >= PIECE:
                yield "".join(made)
                made, size = [], 0
        if made:
            yield "".join(made)

    def error(self, status: int, message: str, **more: str) -> HTMLResponse:
        """A page that says what is wrong, for who may see nothing else too; with ``more`` headers."""
        name = "error.html"
        text = self.head(name, str(status)) + "".join(self.pieces(name, status=status, message=message))
        return HTMLResponse(text, status, {**headers(), **more})


def headers() -> dict[str, str]:
    """What a browser is told beside a page."""
    return {"Content-Security-Policy": _policy()}


def _always(name: str) -> dict[str, str]:
    """What the templates of every page show."""
    now = datetime.now(UTC)
    zone = re.sub(r"(\d\d)$", r":\1", f"{now.astimezone():UTC%z}")
    return {"here": name.removesuffix(".html"), "now": now.isoformat(), "zone": zone}


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
    words = local_time(time, form)
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(time.isoformat(), form, words)


def local_time(time: datetime, form: str = "second") -> str:
    """A time in this server's zone, where no browser changes it: in titles and in pictures."""
    return time.astimezone().strftime(_FORMS[form])


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
