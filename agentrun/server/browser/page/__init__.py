"""The web page that talks to an agent, as packaged files."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_SHARED = _HERE.parents[1] / "dashboard" / "static"
HTML = _HERE / "page.html"
FILES = {
    **{path.name: path for pattern in ("*.js", "*.css") for path in (_HERE / "static").glob(pattern)},
    **{name: _SHARED / name for name in ("theme.css", "icon.svg")},
}
"""What the page asks for below ``/console/``; the colours are the dashboard's."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src 'self' blob:; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), speaker-selection=(self), camera=()",
    "Cache-Control": "no-store",
}
"""What the browser may do with the page: this server's scripts and styles, and the microphone."""
