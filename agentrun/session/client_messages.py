"""Passes a page's requests to plugins; if none answers, the page gets an error at once.

Pipecat itself ignores such messages, so that the page would wait until its own timeout.
https://docs.pipecat.ai/client/rtvi-standard: `client-message`, `server-response`, `error-response`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from loguru import logger
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frameworks.rtvi.models import ClientMessage
from pipecat.processors.frameworks.rtvi.processor import RTVIProcessor

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.plugins import call_hooks
from agentrun.plugins.call_hooks import CallHooks
from agentrun.session import closing
from agentrun.tools.author_errors import AuthoredError, authored, words_of
from agentrun.tools.results.result import UnreadableResultError, plain_json

ANSWER_SECONDS = 8.0
"""Pipecat's clients wait for 10."""
MOST_AT_ONCE = 8
MOST_NAME = 64
"""Characters of a message's name that are repeated in errors."""
HOOK = "agentrun_client_message"


class _NoAnswerError(Exception):
    """There is no answer; the page is told why."""


class ClientMessages:
    """Answers the messages of one call's page with ``hooks``, those of the agent's plugins."""

    def __init__(self, hooks: Sequence[CallHooks], call: Call) -> None:
        self._hooks = [(each, hook) for each in hooks for hook in each.messages]
        self._call = call
        self._answering: set[asyncio.Task[None]] = set()

    def listen(self, worker: PipelineWorker) -> None:
        """Answer messages that arrive over ``worker``, which must have RTVI."""
        worker.rtvi.add_event_handler("on_client_message", self._came)

    async def close(self) -> None:
        """Cancel what is still being answered, at the end of the call."""
        await closing.end(list(self._answering))

    async def _came(self, rtvi: RTVIProcessor, message: ClientMessage) -> None:
        if len(self._answering) >= MOST_AT_ONCE:
            words = f"{MOST_AT_ONCE} messages are being answered; send the next one when one of them is"
            await rtvi.send_error_response(message, words)
            return
        task = asyncio.create_task(self._answer(rtvi, message))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, rtvi: RTVIProcessor, message: ClientMessage) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._find(message)
        except (_NoAnswerError, TimeoutError) as error:
            late = f"no answer to '{message.type[:MOST_NAME]}' within {ANSWER_SECONDS:g} s"
            await rtvi.send_error_response(message, str(error) or late)
        else:
            await rtvi.send_server_response(message, answer)

    async def _find(self, message: ClientMessage) -> Any:
        """The answer of the first plugin that has one, as plain JSON data; raises _NoAnswerError."""
        given = {"call": self._call, "name": message.type, "data": message.data}
        for hooks, hook in self._hooks:
            with _told(hooks.plugin):
                answer = await call_hooks.run(hook, given, ANSWER_SECONDS, hooks.home, hooks.threads)
            if answer is not None:
                with _told(hooks.plugin), authored():  # reading it may run code of the plugin
                    return await asyncio.get_running_loop().run_in_executor(hooks.threads, plain_json, answer)
        nobody = f"no plugin of '{self._call.agent}' answers '{message.type[:MOST_NAME]}'"
        raise _NoAnswerError(f"{nobody}: none has a hook {HOOK} that does")


@contextlib.contextmanager
def _told(plugin: str) -> Iterator[None]:
    """Report a plugin's ToolError in the block to the page, and any other exception to the log."""
    try:
        yield
    except ToolError as error:
        raise _NoAnswerError(words_of(error)) from None
    except AuthoredError as error:
        if isinstance(error.error, ToolError):
            raise _NoAnswerError(words_of(error.error)) from None
        first, _, trace = error.detail.partition("\n")
        words = error.error if isinstance(error.error, UnreadableResultError) else f"raised {first}"
        logger.error("plugin {}: {} {}", plugin, HOOK, words)
        logger.debug("plugin {}: {}", plugin, trace)
        raise _NoAnswerError(f"plugin {plugin} failed; the server's log says why") from None
