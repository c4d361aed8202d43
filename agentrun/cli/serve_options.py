"""Options of ``agentrun serve`` that are about the server, not about an agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_COUNT = click.IntRange(1)


def admission_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How many calls all agents of the server take together."""
    for name, words in (
        ("--max-calls-per-minute", "Calls that may begin within a minute, over all agents."),
        ("--max-calls-per-caller", "Calls of one number at the same time, over all agents."),
        ("--max-calls", "Calls at the same time, over all agents."),
    ):
        command = click.option(name, type=_COUNT, help=words)(command)
    return command
