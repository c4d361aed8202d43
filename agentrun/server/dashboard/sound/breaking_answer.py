"""A response whose source may fail midway: the client sees that it is incomplete, the log has one line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from fastapi.responses import StreamingResponse
from loguru import logger
from starlette.types import Message, Send


class BreakingAnswer(StreamingResponse):
    """Sends ``parts`` as they come; ``source`` is what the log calls the place that they come from.

    Where ``parts`` raises, an answer of a known length is left short, and the server closes its connection:
    ended in order it would be taken for whole, and the server would raise behind it. One without a length
    ends with what there was.
    """

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        status: int,
        headers: Mapping[str, str],
        media_type: str | None = None,
        *,
        source: str,
    ) -> None:
        super().__init__(self._until_broken(parts), status, headers, media_type)
        self._source = source
        self._is_broken = False

    async def stream_response(self, send: Send) -> None:
        """Send the answer, without its end where it has none."""

        async def send_known(message: Message) -> None:
            is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not (is_end and self._is_broken and "content-length" in self.headers):
                await send(message)

        await super().stream_response(send_known)

    async def _until_broken(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for part in parts:
                yield part
        except Exception as error:  # noqa: BLE001 - each store has errors of its own
            self._is_broken = True
            logger.warning("{} broke off in mid sound: {}", self._source, type(error).__name__)
