"""``agentrun chat SPEC``: chat with an agent in text."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentrun.cli.options.shared import override_options
from agentrun.cli.output.echo import echo

if TYPE_CHECKING:
    from agentrun.cli.input.stdin_lines import InputLines
    from agentrun.cli.output.chat_screen import ChatScreen
    from agentrun.server.calls.text_conversation import TextConversation
    from agentrun.server.lifecycle.startup import Options


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per turn.")
@click.option("--offline", is_flag=True, help="Use a mock server: no network and no keys.")
@override_options
def command(
    spec: Path, as_json: bool, offline: bool, style: str | None, overrides: tuple[tuple[str, str], ...]
) -> int:
    """Chat with the agent of SPEC in text, with its prompts and tools, but without audio.

    Each line of standard input is a turn. Ctrl-D, or the end of a pipe, hangs up; so does Ctrl-C, which exits
    with 130. Exits with 1 if a fault ended the call.
    """
    import uvloop

    from agentrun.cli.output.chat_screen import JsonScreen, TerminalScreen
    from agentrun.cli.output.server_screen import quiet_logs

    quiet_logs("ERROR")
    from agentrun.server.lifecycle.startup import Options

    options = Options(offline=offline, style=style, overrides=overrides)
    return uvloop.run(_chat(spec, options, JsonScreen() if as_json else TerminalScreen()))


async def _chat(path: Path, options: Options, shown: ChatScreen) -> int:
    from agentrun.cli.input.ctrl_c import interrupted
    from agentrun.cli.output import server_screen
    from agentrun.server.calls.text_conversation import text_conversation

    with interrupted() as stop, server_screen.progress("Loading") as loaded:
        async with text_conversation(path, dict(os.environ), options, shown) as talk:
            loaded()
            shown.begun(talk.plan.spec.name, offline=options.offline)
            conversation = asyncio.create_task(_converse(talk, shown))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({conversation, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not conversation.done():
                conversation.cancel()
                await asyncio.wait({conversation})
                shown.farewell()
                return 130
            stopped.cancel()
            conversation.result()
            if talk.record.ended_by:
                echo(f"The call was ended by {talk.record.ended_by}: {talk.record.reason}.", err=True)
            return 1 if talk.record.ended_by == "error" else 0


async def _converse(talk: TextConversation, shown: ChatScreen) -> None:
    """Turn after turn, until a side hangs up."""
    from agentrun.cli.input.stdin_lines import InputLines

    if talk.begins:
        shown.thinking()
        shown.turn_ended(await talk.greeting())
    lines = InputLines()
    while not talk.over:
        shown.ask()
        words = await _next_words(lines, talk)
        if words is None:
            shown.farewell()
            return
        if words:
            shown.thinking()
            shown.turn_ended(await talk.say(words))


async def _next_words(lines: InputLines, talk: TextConversation) -> str | None:
    """What the caller writes next, or None when they have gone or the agent has."""
    line, over = asyncio.create_task(lines.next()), asyncio.create_task(talk.wait_over())
    done, pending = await asyncio.wait({line, over}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if line not in done:
        return None
    words = line.result()
    return None if words is None else words.strip()
