"""Sends one request, and returns the response or explains why there is none."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx
import jmespath

from agentrun.call import Call
from agentrun.errors import NotAskedError, ToolError
from agentrun.http import bounded_answers
from agentrun.http.bounded_answers import AnswerTooLongError, CutAnswerError, UnreadableAnswerError
from agentrun.tools.http import address
from agentrun.tools.http.settings import BasicAuth, Settings
from agentrun.tools.http.shown_secrets import ShownSecrets
from agentrun.tools.http.template import (
    fill,
    fill_all,
    fill_url,
    fill_values,
    fill_variables,
    with_call,
)
from agentrun.tools.results.whole_result import WholeResult

MOST_BYTES = 1_000_000
"""The longest response that is read, in bytes."""
MOST_REDIRECTS = 3
MOST_ADDRESSES = 4
"""How many addresses of a host are tried."""
CONNECT_SECONDS = 2.0
"""How long connecting to an address may take while there is another one to try."""
_MOST_ERROR = 300
_FIRST_PAUSE = 0.2
_REDIRECTS = (301, 302, 303, 307, 308)
_BINARY = "\0"
"""Stands in no text, and soon in an image or a recording."""
_READ = (b"content-type", b"location")
_AGAIN = (502, 503, 504)
_ALWAYS = {"Accept": "application/json", **bounded_answers.ACCEPTED}


class _TryAgainError(ToolError):
    """A failure that may be temporary."""


class _NotConnectedError(_TryAgainError):
    """Nothing answers at this address of the host; the next address may work."""


async def ask(settings: Settings, call: Call, arguments: Mapping[str, Any]) -> Any:
    """Send the request of ``settings`` filled with ``arguments``; raises ToolError for every failure."""
    arguments = with_call(arguments, call)
    for attempt in range(settings.retries):
        try:
            return await _once(settings, call, arguments)
        except _TryAgainError:
            await asyncio.sleep(_FIRST_PAUSE * 2**attempt)
    return await _once(settings, call, arguments)


async def _once(settings: Settings, call: Call, arguments: Mapping[str, Any]) -> Any:
    url = _address(settings, call, arguments)
    headers = {key: fill(value, arguments, call.environ).strip() for key, value in settings.headers.items()}
    if settings.auth:
        headers |= _basic(settings.auth, call.environ)
    if any(ord(mark) < 32 or ord(mark) > 126 for value in headers.values() for mark in value):
        raise ToolError("An argument holds a line break or a mark that can't be sent. Call again without it.")
    for _ in range(MOST_REDIRECTS + 1):
        response = await _send(settings, call, url, headers, arguments)
        if response.status_code not in _REDIRECTS or "location" not in response.headers:
            return _read(settings, response, ShownSecrets(settings, call.environ))
        if settings.method not in ("GET", "HEAD"):
            raise ToolError(f"{url.host} sent the request elsewhere; it was not followed.")
        before, url = url, _target(url, response.headers["location"])
        if _origin(url) != _origin(before):
            # what was meant for one program is not shown to another, also on the same host
            headers = {}
    raise ToolError(f"{url.host} sent the request elsewhere too often.")


def _address(settings: Settings, call: Call, arguments: Mapping[str, Any]) -> httpx.URL:
    try:
        url = httpx.URL(fill_url(settings.url, arguments, call.environ))
        if query := _fields(settings.query, arguments, call.environ):
            url = url.copy_merge_params(query)
    except httpx.InvalidURL:
        words = "The arguments make an address that can't be asked. Call again with shorter ones."
        raise ToolError(words) from None
    return url


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """RFC 6454: the scheme, the host and the port."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _target(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        raise ToolError(f"{url.host} sent the request to no address.") from None
    if target.scheme not in ("http", "https") or (url.scheme, target.scheme) == ("https", "http"):
        raise ToolError(f"{url.host} sent the request to an address that is not safe.")
    return target


async def _send(
    settings: Settings, call: Call, url: httpx.URL, headers: Mapping[str, str], arguments: Mapping[str, Any]
) -> httpx.Response:
    host = url.host
    if host.lower() not in settings.allowed:
        raise ToolError(f"The answer is at {host}, which may not be asked.")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        addresses = await address.resolve(host, port, allow_private=settings.allow_private)
    except address.UnknownHostError as error:
        raise (NotAskedError(str(error)) if call.offline else error) from None
    if call.offline and any(address.is_public(ip) for ip in addresses):
        raise NotAskedError(f"{host} can't be reached: this call is offline.")
    *others, last = (
        _request(ip, settings, call, url, headers, arguments) for ip in addresses[:MOST_ADDRESSES]
    )
    for request in others:
        request.extensions["timeout"] |= {"connect": CONNECT_SECONDS}
        try:
            return await _answer(request, call, host)
        except _NotConnectedError:
            continue
    return await _answer(last, call, host)


def _request(
    ip: str,
    settings: Settings,
    call: Call,
    url: httpx.URL,
    headers: Mapping[str, str],
    arguments: Mapping[str, Any],
) -> httpx.Request:
    """The request for one address of its host."""
    body = None if settings.body is None else fill_all(settings.body, arguments, call.environ)
    form = None if settings.form is None else _fields(settings.form, arguments, call.environ)
    return call.http.build_request(
        settings.method,
        url.copy_with(host=ip),
        headers=_joined(headers, url.netloc.decode()),
        json=body,
        data=form,
        extensions={"sni_hostname": url.host},
    )


def _joined(own: Mapping[str, str], host: str) -> httpx.Headers:
    """Those of the spec take the place of ours, whatever their case."""
    headers = httpx.Headers(_ALWAYS)
    headers.update(own)
    headers["Host"] = host
    return headers


async def _answer(request: httpx.Request, call: Call, host: str) -> httpx.Response:
    """The complete response; raises _NotConnectedError if no connection was made and nothing was sent."""
    try:
        response = await call.http.send(request, stream=True, follow_redirects=False)
        try:
            bounded_answers.bound(response, MOST_BYTES)
            return await _read_whole(response)
        finally:
            await response.aclose()
    except AnswerTooLongError as error:
        raise ToolError(f"The answer of {host} is too long to read. Ask for less.") from error
    except CutAnswerError as error:
        raise _TryAgainError(f"The answer of {host} was cut off.") from error
    except UnreadableAnswerError as error:
        raise ToolError(f"The answer of {host} can't be read: {error}.") from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _NotConnectedError(f"{host} could not be asked ({type(error).__name__}).") from None
    except httpx.TimeoutException:
        raise _TryAgainError(f"{host} did not answer in time.") from None
    except httpx.HTTPError as error:
        raise _TryAgainError(f"{host} could not be asked ({type(error).__name__}).") from None


async def _read_whole(response: httpx.Response) -> httpx.Response:
    content = b"".join([chunk async for chunk in response.aiter_bytes()])
    # as they came: what stands in them need not be ASCII
    headers = [(key, value) for key, value in response.headers.raw if key.lower() in _READ]
    return httpx.Response(response.status_code, headers=headers, content=content)


def _read(settings: Settings, response: httpx.Response, secrets: ShownSecrets) -> Any:
    status = response.status_code
    if status >= 400:
        words = f"{settings.name} was answered with {status} {response.reason_phrase}."
        if status in _AGAIN:
            raise _TryAgainError(words)
        detail = secrets.out_of_any(_text_of(response)).strip()[:_MOST_ERROR] if status < 500 else ""
        detail = "" if _BINARY in detail else detail
        raise ToolError(f"{words} It says: {detail}" if detail else words)
    try:
        data = secrets.out_of(json.loads(response.content))
    except (ValueError, RecursionError):
        text = _text_of(response)
        if settings.give is None and _BINARY not in text:
            return secrets.out_of_text(text)
        raise ToolError(f"The answer to {settings.name} is not JSON, and can't be read.") from None
    if settings.give is None:
        return data
    try:
        return WholeResult(jmespath.search(settings.give, data), data)
    except jmespath.exceptions.JMESPathError:
        raise ToolError(f"The answer to {settings.name} has another form than expected.") from None


def _text_of(response: httpx.Response) -> str:
    return response.content.decode(response.encoding or "utf-8", "replace")


def _fields(
    fields: Mapping[str, Any], arguments: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, list[str]]:
    """A query's or a form's fields, without those that are empty."""
    filled = {key: fill_values(_text(value), arguments, environ) for key, value in fields.items()}
    return {key: values for key, values in filled.items() if values}


def _text(value: object) -> str | tuple[str, ...]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, tuple) else str(value)


def _basic(auth: BasicAuth, environ: Mapping[str, str]) -> dict[str, str]:
    """RFC 7617: user and password, in UTF-8 and base64."""
    both = f"{fill_variables(auth.user, environ)}:{fill_variables(auth.password, environ)}"
    return {"Authorization": f"Basic {b64encode(both.encode()).decode()}"}
