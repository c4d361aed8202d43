"""An HTTP client that all calls of an event loop share, and that none of them can close."""

from __future__ import annotations

from typing import Any, Self

import httpx


class SharedClient(httpx.AsyncClient):
    """``async with`` and ``aclose``, as httpx has its users write them, leave it open; ``end`` closes it.

    One tool would otherwise have closed it under every other one of the process.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_about: Any) -> None:
        return

    async def aclose(self) -> None:
        """Close nothing."""


async def end(client: httpx.AsyncClient) -> None:
    """Close ``client``, also one that is shared."""
    await httpx.AsyncClient.aclose(client)
