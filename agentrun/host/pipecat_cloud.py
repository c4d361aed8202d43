"""An agent on Pipecat Cloud, and in any server that runs a Pipecat ``bot.py``.

>>> # bot.py
>>> from agentrun.host import pipecat_cloud  # doctest: +SKIP
>>> bot, readyz = pipecat_cloud.entry(__file__, "ncaa.yaml")  # doctest: +SKIP
>>> pipecat_cloud.run_if_main(__name__)  # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentrun.garbage_collection import without_garbage_collection

if TYPE_CHECKING:
    from pipecat.runner.types import RunnerArguments

SYSTEM = "pipecatcloud_system"
"""The module of Pipecat Cloud's base image that has its application."""
Bot = Callable[["RunnerArguments"], Awaitable[None]]
Readyz = Callable[[], Awaitable[dict[str, Any]]]


def entry(
    here: str, spec: str, environ: Mapping[str, str] | None = None, *, dispatched: bool = False
) -> tuple[Bot, Readyz]:
    """The functions ``bot`` and ``readyz`` of a ``bot.py``, for the spec at ``spec`` beside it.

    ``here`` is the file's own ``__file__``; ``environ`` is the process's by default. Pipecat is loaded, and
    nothing of the agent yet: in Pipecat Cloud's image it is made ready when its server starts, elsewhere at
    the first session. ``dispatched`` sessions are started by `agentrun serve --dispatch` alone, which holds
    what the spec says of hours, callers and limits.
    """
    with without_garbage_collection():
        from agentrun.host.hosted import HostedAgent

    own = dict(os.environ if environ is None else environ)
    hosted = HostedAgent(Path(here).resolve().parent / spec, own, dispatched=dispatched)
    if find_spec(SYSTEM):
        import_module(SYSTEM).add_lifespan_to_app(hosted.lifespan)
    return hosted.bot, hosted.readyz


def run_if_main(name: str) -> None:
    """Run Pipecat's own runner where ``bot.py`` was started as a program: ``python bot.py -t twilio``."""
    if name == "__main__":
        from pipecat.runner.run import main

        main()
