"""HTTP tools against a server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.http import address, template
from agentrun.tools.http.build import make
from agentrun.tools.http.settings import Settings
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.results.result import MOST_CHARACTERS
from agentrun.tools.running.invoke import invoke


class Shop:
    """Answers by the path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = 0
        self.shows = 200
        self.said, self.said_status = b"", 200
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        length = next((int(x[15:]) for x in head.lower().splitlines() if x.startswith("content-length:")), 0)
        body = (await reader.readexactly(length)).decode()
        self.asked.append(head + body)
        path = head.split(" ")[1]
        if path.startswith("/slow"):
            await reader.read()
        status, extra, content = self._page(path, body)
        if path.startswith("/said"):
            status, content = self.said_status, self.said
        if path.startswith("/shown"):
            status, content = self.shows, json.dumps(head).encode()
        lines = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{extra}\r\n"
        writer.write(lines.encode() + content)
        writer.close()

    def _page(self, path: str, body: str) -> tuple[int, str, bytes]:
        if path.startswith("/umlaut"):
            return 302, "Location: /orders/ü?x=ä\r\n", b""
        if "image" in path:
            return 404 if "missing" in path else 200, "", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        if path.startswith("/missing"):
            return 404, "", b'{"error": "no such order"}'
        if path.startswith("/broken"):
            return 500, "", b"stack trace with secrets"
        if path.startswith("/busy") and self.broken:
            self.broken -= 1
            return 503, "", b""
        if path.startswith("/text"):
            return 200, "", b"Open from six."
        if path.startswith("/huge"):
            return 200, "", b"x" * 2_000_000
        if path.startswith("/long"):
            return 200, "", b"x" * (MOST_CHARACTERS * 2)
        if path.startswith("/away?"):
            return 302, f"Location: {path.removeprefix('/away?')}\r\n", b""
        if path.startswith("/echo"):
            return 200, "", body.encode()
        return 200, "", json.dumps({"order": {"status": "baking", "path": path}}).encode()


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    server = await asyncio.start_server(shop.answer, "127.0.0.1", 0)
    shop.port = server.sockets[0].getsockname()[1]
    yield shop
    server.close()


async def ask(
    url: str,
    arguments: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    **more: Any,
) -> Outcome:
    """What the model is told."""
    settings = {"name": "order", "description": "Find.", "url": url, "allow_private": True, **more}
    settings["return"] = settings.pop("give", None)
    settings.setdefault("parameters", {name: {} for name in arguments or {}})
    tool = make(Settings.model_validate(settings))
    async with httpx.AsyncClient(timeout=0.5 if url.endswith("/slow") else 10.0) as client:
        call = Call("CA1", "desk", "twilio", environ=environ or {}, client=client)
        return await invoke(tool, call, arguments or {})


async def test_the_answer_is_what_return_picks(shop: Shop) -> None:
    found = await ask(f"{shop.url}/orders/{{{{ order }}}}", {"order": "7"}, give="order.status")
    assert (found.status, found.text) == ("ok", "baking")


@pytest.mark.parametrize("value", ["../admin", "7?all=1", "7#x", "7/../../x", "a b", "%2e%2e", "{{ 7 }}"])
async def test_a_value_stays_in_its_segment(shop: Shop, value: str) -> None:
    await ask(f"{shop.url}/orders/{{{{ order }}}}/status", {"order": value})
    path = shop.asked[0].split(" ")[1]
    assert path.count("/") == 3
    assert path.endswith("/status")
    assert "?" not in path
    assert httpx.URL(f"http://x{path}").path == f"/orders/{value}/status"


@pytest.mark.parametrize("value", ["..", ".", ""])
async def test_a_value_that_leads_up_is_refused(shop: Shop, value: str) -> None:
    found = await ask(f"{shop.url}/orders/{{{{ order }}}}/status", {"order": value})
    assert found.status == "refused"
    assert shop.asked == []


async def test_an_argument_never_reads_a_variable(shop: Shop) -> None:
    await ask(
        f"{shop.url}/x?q={{{{ words }}}}",
        {"words": "${KEY} {{ environ.KEY }}"},
        {"KEY": "hunter2"},
        headers={"Authorization": "Bearer ${KEY}", "X-Words": "{{ words }}"},
    )
    request, _, rest = shop.asked[0].partition("\r\n")
    assert "hunter2" not in request
    assert rest.count("hunter2") == 1


async def test_a_header_can_not_be_smuggled_in(shop: Shop) -> None:
    found = await ask(f"{shop.url}/x", {"name": "a\r\nX-Admin: 1"}, headers={"X-Name": "{{ name }}"})
    assert (found.status, shop.asked) == ("refused", [])


async def test_a_body_keeps_the_types_of_its_arguments(shop: Shop) -> None:
    parameters = {"guests": {"type": "integer", "minimum": 1}, "note": {"required": False}}
    body = {"guests": "{{ guests }}", "note": "{{ note }}", "for": ["table {{ guests }}"]}
    found = await ask(f"{shop.url}/echo", {"guests": 3}, method="POST", body=body, parameters=parameters)
    assert json.loads(found.text) == {"guests": 3, "note": None, "for": ["table 3"]}


@pytest.mark.parametrize("text", ["{{ note | upper }}", "{{ note | trim }}", "{{ note ~ '' }}", "{{ note }}"])
def test_an_argument_that_was_not_given_is_nothing_whatever_a_template_makes_of_it(text: str) -> None:
    assert template.fill(text, {"note": None}, {}) == ""
    with pytest.raises(ToolError, match="empty"):
        template.fill_url(f"http://shop.example/orders/{text}", {"note": None}, {})
    assert template.fill("{{ note | default('none') }}", {"note": None}, {}) == "none"


async def test_arguments_that_do_not_fit_are_not_sent(shop: Shop) -> None:
    parameters = {"guests": {"type": "integer", "minimum": 1}}
    found = await ask(f"{shop.url}/x", {"guests": 0}, parameters=parameters)
    assert found.text.startswith("Argument 'guests' is 0: should be greater than or equal to 1.")
    assert shop.asked == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("missing", 'order was answered with 404 Not Found. It says: {"error": "no such order"}'),
        ("broken", "order was answered with 500 Internal Server Error."),
        ("slow", "127.0.0.1 did not answer in time."),
        ("huge", "The answer of 127.0.0.1 is too long to read. Ask for less."),
        ("away?http://10.0.0.1/", "The answer is at 10.0.0.1, which may not be asked."),
        ("away?file:///etc/passwd", "127.0.0.1 sent the request to an address that is not safe."),
    ],
)
async def test_a_failure_is_told_in_words(shop: Shop, path: str, told: str) -> None:
    found = await ask(f"{shop.url}/{path}")
    assert (found.status, found.text, found.detail) == ("refused", told, "")


@pytest.mark.parametrize("status", [200, 401, 404])
async def test_a_secret_that_a_server_shows_again_is_not_told(shop: Shop, status: int) -> None:
    environ = {"SHOP": 'made/of"six', "SHOP_KEY": "another-one", "USER": "corner-shop", "PASS": "pass-word"}
    shop.shows = status
    found = await ask(
        f"{shop.url}/shown?k=${{SHOP_KEY}}",
        environ=environ,
        headers={"X-Token": "Bearer ${SHOP}", "X-Id": "${USER}"},
    )
    assert found.status == ("ok" if status == 200 else "refused")
    assert "corner-shop" in found.text, "which is no secret"
    assert "Bearer …" in found.text
    for secret in ("made/of", "made%2Fof", "another-one"):
        assert secret not in found.text
    found = await ask(f"{shop.url}/shown", environ=environ, auth={"user": "${USER}", "password": "${PASS}"})
    assert "Basic …" in found.text
    assert "Y29ybmVyLXNob3A6" not in found.text


@pytest.mark.parametrize(
    ("secret", "answer", "told"),
    [
        ("123456", b'{"id": 1234567, "n": 123456}', '{"id":1234567,"n":123456}'),
        ("a-key-of-it", b'"no:\\na-key-of-it, a-key-of-it"', "no:\n…, …"),
        ("a-key-of-it", b'"no \\u0027a-key-of-it\\u0027, \\u003da-key-of-it"', "no '…', =…"),
        ("a-key-of-it", b'"?next=%3Fkey%3Da-key-of-it"', "?next=%3Fkey%3D…"),
        ("a/key+of=", b'"\\u002B a\\/key\\u002bof\\u003d, a%2fkey%2bof%3d a%2Fkey%2Bof%3D"', "+ …, … …"),
        ("abc-key==", b'"key=abc-key==expired"', "key=…expired"),
        ("a-key-of-it", b'{"a-key-of-it": [["a-key-of-it"]]}', '{"…":[["…"]]}'),
        ("a-key-of-it", b"not \\u0027a-key-of-it\\u0027", "not \\u0027…\\u0027"),
        ("1234567890", b'"no: 1234567890, 12345678901"', "no: …, 12345678901"),
        ("1234567890", b"[1234567890, 12345678901, true]", '["…",12345678901,true]'),
    ],
)
async def test_a_secret_is_hidden_however_it_is_written_and_what_only_looks_like_one_is_left(
    shop: Shop, secret: str, answer: bytes, told: str
) -> None:
    shop.said = answer
    environ = {"SHOP": secret, "SHOP_KEY_ID": "london"}
    found = await ask(f"{shop.url}/said?i=${{SHOP_KEY_ID}}", environ=environ, headers={"X-Key": "${SHOP}"})
    assert found.text == told
    shop.said = b'"london bridge"'
    found = await ask(f"{shop.url}/said?i=${{SHOP_KEY_ID}}", environ=environ, headers={"X-Key": "${SHOP}"})
    assert found.text == "london bridge"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b'{"error": "no \\u002b: a\\u002bkey-of-it"}', '{"error": "no +: …"}'),
        (b'{"error":  "a+key-of-it \\u00e9"}', '{"error":  "… \\u00e9"}'),
    ],
)
async def test_a_secret_is_hidden_in_what_an_error_says(shop: Shop, answer: bytes, told: str) -> None:
    shop.said, shop.said_status = answer, 422
    found = await ask(f"{shop.url}/said", environ={"SHOP": "a+key-of-it"}, headers={"X-Key": "${SHOP}"})
    assert found.text.endswith(f"It says: {told}")


async def test_a_refused_connection_is_told_in_words(shop: Shop) -> None:
    assert (await ask("http://127.0.0.1:1/x")).text == "127.0.0.1 could not be asked (ConnectError)."


async def test_an_answer_that_is_not_json_is_given_as_it_is(shop: Shop) -> None:
    assert (await ask(f"{shop.url}/text")).text == "Open from six."
    told = (await ask(f"{shop.url}/text", give="a.b")).text
    assert told == "The answer to order is not JSON, and can't be read."


async def test_an_answer_that_is_no_text_is_not_told(shop: Shop) -> None:
    found = await ask(f"{shop.url}/image")
    assert (found.status, found.text) == ("refused", "The answer to order is not JSON, and can't be read.")
    missing = await ask(f"{shop.url}/missing-image")
    assert missing.text == "order was answered with 404 Not Found."


async def test_a_redirect_may_name_what_is_not_ascii(shop: Shop) -> None:
    found = await ask(f"{shop.url}/umlaut", give="order.path")
    assert found.text == "/orders/%C3%BC?x=%C3%A4"


async def test_a_long_answer_is_cut(shop: Shop) -> None:
    assert "cut here" in (await ask(f"{shop.url}/long")).text


async def test_a_redirect_within_the_host_is_followed(shop: Shop) -> None:
    assert "baking" in (await ask(f"{shop.url}/away?/orders/1")).text
    assert len(shop.asked) == 2


async def test_a_private_address_is_not_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(monkeypatch, "127.0.0.1")
    found = await ask(f"http://shop.test:{shop.port}/x", allow_private=False)
    assert found.text == "shop.test is inside a private network, and may not be asked."
    assert shop.asked == []


async def test_a_redirect_to_a_private_address_is_refused_though_its_host_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "is_public", lambda found: found == "127.0.0.1")
    url = f"{shop.url}/away?http://127.0.0.2:{shop.port}/x"
    found = await ask(url, allow_private=False, hosts=["127.0.0.2"])
    assert found.text == "127.0.0.2 is inside a private network, and may not be asked."
    assert len(shop.asked) == 1


async def test_the_address_that_was_checked_is_connected_to(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    asked: list[Any] = []
    real = loop.getaddrinfo

    async def look_up(host: Any, *more: Any, **others: Any) -> Any:
        asked.append(host)
        return await real("127.0.0.1" if host == "shop.example" else host, *more, **others)

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    assert (await ask(f"http://shop.example:{shop.port}/x")).status == "ok"
    assert asked.count("shop.example") == 1
    assert f"host: shop.example:{shop.port}" in shop.asked[0].lower()


async def test_a_busy_server_is_asked_again(shop: Shop) -> None:
    shop.broken = 2
    assert (await ask(f"{shop.url}/busy", retries=2)).status == "ok"
    shop.broken = 1
    assert (await ask(f"{shop.url}/busy")).status == "refused"
    assert len(shop.asked) == 4


async def test_offline_nothing_but_this_machine_is_asked(shop: Shop) -> None:
    tool = make(Settings(name="o", description="d", url="http://93.184.215.14/x"))
    async with httpx.AsyncClient() as client:
        found = await invoke(tool, Call("CA1", "desk", "local", offline=True, client=client), {})
    assert found.text == "93.184.215.14 can't be reached: this call is offline."


@pytest.mark.parametrize("value", ["", " ", "\t", "\u00a0", "."])
async def test_an_empty_argument_does_not_reach_the_collection(shop: Shop, value: str) -> None:
    for url in ("orders/{{ order }}", "orders/{{ order }}/", "orders/{{ order }}?all=1", "{{ order }}"):
        found = await ask(f"{shop.url}/{url}", {"order": value}, method="DELETE")
        assert (found.status, shop.asked) == ("refused", []), url


async def test_an_optional_argument_that_is_missing_does_not_reach_the_collection(shop: Shop) -> None:
    parameters = {"order": {"required": False}, "item": {"required": False}}
    for url in ("orders/{{ order }}", "orders/{{ order }}/{{ item }}", "orders/{{ order }}{{ item }}"):
        assert (
            await ask(f"{shop.url}/{url}", {}, method="DELETE", parameters=parameters)
        ).status == "refused"
    assert shop.asked == []


async def test_a_slash_that_stands_in_the_spec_is_sent(shop: Shop) -> None:
    for url in ("orders/", "orders/{{ order }}/", "", "orders/{{ order }}/?all=1"):
        assert (await ask(f"{shop.url}/{url}", {"order": "7"} if "order }" in url else {})).status == "ok", (
            url
        )


async def test_a_key_is_not_carried_to_another_port(shop: Shop) -> None:
    other = Shop()
    server = await asyncio.start_server(other.answer, "127.0.0.1", 0)
    other.port = server.sockets[0].getsockname()[1]
    headers = {"Authorization": "Bearer ${KEY}", "X-Shop": "ours"}
    await ask(f"{shop.url}/away?{other.url}/orders", environ={"KEY": "hunter2"}, headers=headers)
    await ask(f"{shop.url}/away?/orders", environ={"KEY": "hunter2"}, headers=headers)
    server.close()
    assert "hunter2" in shop.asked[0]
    assert "hunter2" in shop.asked[-1], "the same program is asked again"
    assert len(other.asked) == 1
    assert "hunter2" not in other.asked[0]
    assert "x-shop" not in other.asked[0].lower()


async def test_a_method_of_an_argument_is_never_sent(shop: Shop) -> None:
    await ask(f"{shop.url}/x?q={{{{ order.upper }}}}", {"order": "7"})
    assert "method" not in shop.asked[0]


def look_up(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every host has these addresses."""

    async def entries(_host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", entries)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_host_with_a_dead_address_is_asked_at_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    url = shop.url.replace("127.0.0.1", "shop.test")
    look_up(monkeypatch, "127.0.0.2", "127.0.0.3", "127.0.0.1")
    answer = await ask(f"{url}/orders/7", method=method, give="order.status")
    assert (answer.status, answer.text) == ("ok", "baking")
    assert len(shop.asked) == 1
    assert f"Host: shop.test:{shop.port}" in shop.asked[0]


async def test_a_host_whose_addresses_are_all_dead_is_told_of(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop.url.replace("127.0.0.1", "shop.test")
    look_up(monkeypatch, "127.0.0.2", "127.0.0.3")
    answer = await ask(f"{url}/orders/7", retries=0)
    assert (answer.status, answer.text) == ("refused", "shop.test could not be asked (ConnectError).")


async def test_an_address_that_answers_badly_is_not_left_for_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop.url.replace("127.0.0.1", "shop.test")
    look_up(monkeypatch, "127.0.0.1", "127.0.0.1", "127.0.0.2")
    answer = await ask(f"{url}/broken", retries=0)
    assert "was answered with 500" in answer.text
    assert len(shop.asked) == 1


async def test_a_private_address_among_public_ones_is_not_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up(monkeypatch, "8.8.8.8", "127.0.0.1")
    answer = await ask(f"http://shop.test:{shop.port}/orders/7", allow_private=False)
    assert "inside a private network" in answer.text
    assert shop.asked == []


async def test_arguments_that_make_no_address_are_refused(shop: Shop) -> None:
    answer = await ask(f"{shop.url}/x?q={{{{ words }}}}", {"words": "x" * 70_000})
    assert answer.status == "refused"
    assert "make an address that can't be asked" in answer.text
    assert shop.asked == []


async def test_a_header_of_the_spec_takes_the_place_of_ours_whatever_its_case(shop: Shop) -> None:
    headers = {"accept": "text/plain", "X-Note": " a note "}
    await ask(f"http://127.0.0.1:{shop.port}/orders", headers=headers)
    lines = shop.asked[0].split("\r\n")
    assert [line for line in lines if line.lower().startswith("accept:")] == ["accept: text/plain"]
    assert "X-Note: a note" in lines


@pytest.mark.parametrize("host", ["my_api.internal", "_service", "api.example.com."])
def test_a_name_that_resolves_in_a_network_is_a_host(host: str) -> None:
    settings = {"name": "order", "description": "Find.", "url": f"https://{host}/x", "hosts": [host]}
    assert Settings.model_validate(settings).allowed == {host}


@pytest.mark.parametrize(
    "parameter",
    [
        {"type": "integer", "enum": [1, 2], "minimum": 1, "maximum": 2},
        {"type": "number", "enum": [1, 2.5], "minimum": 0},
        {"enum": ["ab", "cd"], "minLength": 2, "pattern": "^[a-d]+$"},
        {"enum": [1, 2]},
    ],
)
def test_a_list_of_values_is_told_to_the_model_without_bounds(parameter: dict[str, Any]) -> None:
    settings = {"name": "order", "description": "Find.", "url": "https://a.example/"}
    tool = make(Settings.model_validate({**settings, "parameters": {"n": parameter}}))
    told = tool.parameters["properties"]["n"]
    assert told["enum"] == parameter["enum"]
    assert {*told} <= {"enum", "type", "title"}


@pytest.mark.parametrize(
    "headers",
    [{"Connection": "close"}, {"TE": "trailers"}, {"Accept-Encoding": "gzip"}, {"Expect": "100-continue"}],
)
async def test_a_header_of_the_client_s_own_that_does_no_harm_is_sent(
    shop: Shop, headers: dict[str, str]
) -> None:
    answer = await ask(f"http://127.0.0.1:{shop.port}/orders", headers=headers)
    assert answer.status == "ok"
    [(name, value)] = headers.items()
    lines = [line for line in shop.asked[0].split("\r\n") if line.lower().startswith(f"{name.lower()}:")]
    assert lines == [f"{name}: {value}"]
