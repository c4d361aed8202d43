"""What a browser at this machine is shown where an address leads nowhere; programs and strangers get JSON."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.calls.desk import open_desk

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/typo", 404, "There is nothing at /typo."),
        ("/<b>x", 404, "There is nothing at /&lt;b&gt;x."),
        ("/desk/calls/none", 404, "No call &#39;none&#39; of agent &#39;desk&#39;."),
        ("/desk/browser/offer", 405, "Method Not Allowed."),
    ],
)
async def test_a_wrong_address_is_a_page(tmp_path: Path, path: str, status: int, words: str) -> None:
    async with open_desk(tmp_path, []) as desk, httpx.AsyncClient(base_url=desk.server.url) as client:
        page = await client.get(path, headers={"accept": HTML})
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert words in page.text
        assert "default-src 'none'; style-src 'sha256-" in page.headers["content-security-policy"]
        for headers in (
            {},
            {"accept": HTML, "host": "example.com"},
            {"accept": HTML, "x-real-ip": "1.2.3.4"},
        ):
            answer = await client.get(path, headers=headers)
            assert answer.headers["content-type"] == "application/json", headers
            assert answer.status_code >= 400


async def test_who_lacks_the_token_is_told_by_a_page_how_to_get_in(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, httpx.AsyncClient(base_url=desk.server.url) as client:
        await client.get("/health", headers={"x-forwarded-for": "203.0.113.7"})
        page = await client.get("/", headers={"accept": HTML})
        assert (page.status_code, "<h1>" in page.text) == (403, True)
        assert "Others can reach this server" in page.text
        token = desk.server.settings.local.token
        let_in = await client.get(f"/?token={token}", headers={"accept": HTML})
        assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
