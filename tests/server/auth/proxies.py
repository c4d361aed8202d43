"""Real proxies in front of a server on loopback, each as its users set it up without a thought of us."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.ports import free_port

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{target}; {extra} }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  {extra}
listen strangers
  bind 127.0.0.1:{port}
  {rule}
  server agentrun 127.0.0.1:{target}
"""
WEBSOCKETS = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
)


@contextlib.asynccontextmanager
async def tcp_tunnel(folder: Path, target: int) -> AsyncIterator[int]:
    """Bytes from one port to another, as a tunnel that looks at nothing passes them on."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def nginx(extra: str = WEBSOCKETS) -> Callable[[Path, int], AbstractAsyncContextManager[int]]:
    """nginx with ``proxy_pass`` and what ``extra`` adds; without any, the Host is the server's own."""

    @contextlib.asynccontextmanager
    async def proxy(folder: Path, target: int) -> AsyncIterator[int]:
        port, config = free_port(), folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port, target=target, extra=extra))
        async with _program(port, _found("nginx"), "-c", str(config), "-p", str(folder)):
            yield port

    return proxy


def haproxy(rule: str = "", extra: str = "") -> Callable[[Path, int], AbstractAsyncContextManager[int]]:
    """haproxy with one ``rule``; without ``option forwardfor`` it adds no header."""

    @contextlib.asynccontextmanager
    async def proxy(folder: Path, target: int) -> AsyncIterator[int]:
        port, config = free_port(), folder / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=port, target=target, rule=rule, extra=extra))
        async with _program(port, _found("haproxy"), "-f", str(config), "-db"):
            yield port

    return proxy


def is_there(name: str) -> bool:
    """Whether the program is installed."""
    return bool(_found(name))


def _found(name: str) -> str:
    return shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin") or ""


@contextlib.asynccontextmanager
async def _program(port: int, *command: str) -> AsyncIterator[None]:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(15):
            while not await _listens(port):
                assert process.returncode is None, f"{command[0]} did not start"
                await asyncio.sleep(0.05)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
