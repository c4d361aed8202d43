"""Loads WebRTC when it is first needed."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from agentrun.server.browser.ice_servers import IceServers
from agentrun.server.calls.switchboard import Switchboard

if TYPE_CHECKING:
    from agentrun.server.browser.offers import Offers

_OFFERS = "agentrun.server.browser.offers"


class LoadedOffers:
    """What talks WebRTC.

    It is loaded at once where an agent is for browsers, else in a thread, at the first offer. ``mark`` makes
    the name of a connection one of this process.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        mark: Callable[[str], str] = str,
        ice_servers: IceServers | None = None,
    ) -> None:
        self._ice_servers = ice_servers or IceServers()
        self._switchboard = switchboard
        self._mark = mark
        self._lock = asyncio.Lock()
        self._offers: Offers | None = None
        kinds = {one.type for plan in switchboard.plans.values() for one in plan.spec.transport}
        if "local" in kinds:
            self._take(importlib.import_module(_OFFERS))

    async def get(self) -> Offers:
        """The same for all offers."""
        async with self._lock:
            if self._offers is None:
                self._take(await asyncio.to_thread(importlib.import_module, _OFFERS))
        assert self._offers is not None  # noqa: S101
        return self._offers

    @property
    def loaded(self) -> Offers | None:
        """The same; None before the first offer, when no browser can be on a call."""
        return self._offers

    def _take(self, module: ModuleType) -> None:
        self._offers = module.Offers(self._switchboard, self._mark, self._ice_servers)
