"""The page that talks to an agent: one packaged HTML file, nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files


def html(nonce: str) -> str:
    """The page; its script and its style carry ``nonce``, so that no other ones run."""
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return text.replace("{{nonce}}", nonce)


def headers(nonce: str) -> dict[str, str]:
    """What the browser may do with the page: its own script and style, this server, and the microphone."""
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=()",
        "Cache-Control": "no-store",
    }
