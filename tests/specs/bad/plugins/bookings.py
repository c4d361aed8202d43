"""A tool that keeps everybody else waiting while it asks."""

from __future__ import annotations

import urllib.request

import agentrun


@agentrun.hookimpl
def agentrun_tools() -> list[object]:
    """The tools of this plugin."""
    return [find_table]


async def find_table(guests: int) -> str:
    """Find a table.

    Args:
        guests: How many come.
    """
    return ask(f"https://example.com/tables?guests={guests}")


def ask(address: str) -> str:
    """What the service answers."""
    with urllib.request.urlopen(address) as answer:
        return str(answer.read().decode())
