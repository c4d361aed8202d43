"""The command line: one module per command, and the only place where errors become exit codes.

0 success, 1 an error that the user can fix, 2 wrong usage, 3 a bug in agentrun, 130 Ctrl-C.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import click

from agentrun import __version__
from agentrun.cli.options import environment, option_sources
from agentrun.cli.options.groups import Group
from agentrun.errors import AgentRunError
from agentrun.garbage_collection import without_garbage_collection
from agentrun.printable import printable

COMMANDS = {
    "bench": "Load-test an agent with many calls at once.",
    "build": "Build an image that serves agents.",
    "call": "Call an agent without a telephone.",
    "calls": "List, show and export call records.",
    "chat": "Chat with an agent in text, with its tools.",
    "check": "Find every mistake in a spec before a call does.",
    "deploy": "Print the commands that deploy agents, or run them.",
    "dial": "Have an agent call a telephone number.",
    "doctor": "Check a deployment before it takes calls.",
    "eject": "Write the files that run agents elsewhere.",
    "flow": "Draw an agent's flow.",
    "providers": "List the services that a spec can name, and their settings.",
    "new": "Create an agent, a plugin or a project to start from.",
    "plugins": "List the plugins of a project.",
    "schema": "Print the schema of a spec, for editors and for people.",
    "serve": "Check specs, build their pipelines, and answer calls.",
    "tools": "List the tools of a spec, or run one.",
    "test": "Run the tests of specs, in text or over a simulated call.",
    "token": "Print a token that starts one call.",
    "simulate": "Run the mock OpenAI server on a loopback port.",
}
"""Every command with its one-line help; a command's module is imported only when it is used."""

SHORT = frozenset({"check", "eject", "flow", "new", "plugins", "providers", "schema", "token"})
"""Commands that answer no calls. They skip Pydantic's search through all installed packages for Pydantic
plugins, such as a tracer's, which is an eighth of the time of a check."""

LOG_DEFAULTS = {"LOGURU_LEVEL": "WARNING", "LOGURU_DIAGNOSE": "NO"}
"""What is logged by a command that says nothing of it, such as a check of plugins that import Pipecat: not
its start, and no values of variables. Read when loguru is imported, which costs more than all of a check."""


class LazyGroup(Group):
    """Imports ``agentrun.cli.commands.NAME`` when the command is used: ``--help`` responds at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in SHORT:
            os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        command: click.Command = _import(f"agentrun.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


_FULL = (errno.ENOSPC, errno.EDQUOT)
"""A full disk, whichever write notices it."""


def _import(name: str) -> ModuleType:
    """Import ``name`` without garbage collections: what a module creates lives as long as the process."""
    with without_garbage_collection():
        return importlib.import_module(name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="agentrun")
def main() -> None:
    """Run voice agents that are described in one YAML file each."""


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    _look_at_environment()
    for name, value in LOG_DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        code = main.main(list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except click.ClickException as error:
        option_sources.name_source(error).show()
        code = error.exit_code
    except AgentRunError as error:
        click.echo(printable(f"agentrun: {error}" if "\n" not in error.message else str(error)), err=True)
        code = 1
    except Exception as error:  # anything else is a bug, and nobody else would save its traceback
        if isinstance(error, OSError) and error.errno in _FULL:
            place = error.filename or "the output can't be written"
            words = f"agentrun: {place}: {error.strerror}; make room, or write elsewhere"
            click.echo(printable(words), err=True)
            sys.exit(1)
        click.echo(f"agentrun: this is a bug in agentrun; the traceback is in {_save_traceback()}", err=True)
        code = 3
    sys.exit(code if isinstance(code, int) else 0)


def _look_at_environment() -> None:
    """Warn of variables that have no effect; a worker's supervisor has already done so."""
    for name in environment.drop_pipecats(os.environ):
        click.echo(f"agentrun: {name} is ignored", err=True)
    if "AGENTRUN_WORKER" not in os.environ:
        for line in environment.unknown(os.environ):
            click.echo(printable(f"agentrun: {line}"), err=True)


def _save_traceback() -> Path:
    handle, name = tempfile.mkstemp(prefix="agentrun-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"agentrun {__version__}, Python {sys.version}\n\n{traceback.format_exc()}")
    return Path(name)
