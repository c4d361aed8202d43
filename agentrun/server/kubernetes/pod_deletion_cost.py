"""Keeps the pod-deletion-cost at the number of calls, so that scaling down removes idle pods first.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from loguru import logger

from agentrun.server.kubernetes.api import ApiError

ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
EVERY_SECONDS = 30.0
"""Between two changes at least: each is a write of the whole cluster's."""
AGAIN_SECONDS = 300.0
"""After a refusal that will not pass by itself; what may pass is tried again at the next turn."""
_LASTING = frozenset({400, 401, 403, 404, 405, 415, 422})


class PodDeletionCost:
    """Keeps the annotation at the number of ``calls``, and asks for nothing while that stays the same.

    ``annotate`` writes it. A refusal is logged once, and never ends a call.
    """

    def __init__(
        self,
        calls: Callable[[], int],
        annotate: Callable[[Mapping[str, str]], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._annotate = annotate
        self._sleep = sleep
        self._written = 0
        """A pod without the annotation costs nothing."""
        self._refusal = ""

    async def run(self) -> None:
        """Look every so often until it is cancelled."""
        while True:
            await self._sleep(await self._look())

    async def _look(self) -> float:
        """Write what has changed; the seconds until the next look."""
        calls = self._calls()
        if calls == self._written:
            return EVERY_SECONDS
        try:
            await self._annotate({ANNOTATION: str(calls)})
        except ApiError as error:
            return self._note(error)
        if self._refusal:
            logger.info("Kubernetes takes the pod's deletion cost again")
        self._written, self._refusal = calls, ""
        return EVERY_SECONDS

    def _note(self, error: ApiError) -> float:
        lasts = error.status in _LASTING
        kind = str(error.status)
        if kind != self._refusal:
            hint = " Has the service account a Role with `patch` on pods?" if error.status == 403 else ""
            logger.warning("Kubernetes did not take the pod's deletion cost: {}.{}", error, hint)
        self._refusal = kind
        return AGAIN_SECONDS if lasts else EVERY_SECONDS
