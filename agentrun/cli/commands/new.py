"""``agentrun new``: create an agent, a plugin or a project to start from."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import sys
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import click

from agentrun import distribution
from agentrun.cli import scaffold
from agentrun.cli.options.groups import Group
from agentrun.spec.models.agent import NAME_PATTERN


def _agent_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(NAME_PATTERN, value) or len(value) > 63:
        raise click.BadParameter(f"'{value}' is not lower-case letters, digits and hyphens, as in front-desk")
    return value


def _plugin_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise click.BadParameter(
            f"'{value}' is not lower-case letters, digits and underscores, as in my_shop"
        )
    if why := _unusable(value):
        raise click.BadParameter(f"'{value}' {why}")
    return value


def _unusable(plugin: str) -> str:
    """Why a plugin can't have this name; empty if it can."""
    from agentrun.plugins.find import is_for_tests
    from agentrun.tools.builtin import BUILTINS

    if len(plugin) > _LONGEST_PLUGIN:
        return f"has more than {_LONGEST_PLUGIN} characters"
    if is_for_tests(plugin):
        return "is ignored, as pytest's files are: choose a name that does not begin with test_"
    if plugin in BUILTINS:
        return f"is a built-in tool: name it for example my_{plugin}"
    if keyword.iskeyword(plugin) or plugin in sys.stdlib_module_names or plugin in packages_distributions():
        return f"is a name of Python's, or of an installed package: name it for example my_{plugin}"
    return ""


_LONGEST_PLUGIN = 63
_FOLDER = click.Path(file_okay=False, path_type=Path)
_URL = "http://127.0.0.1:7860/front-desk/twilio/voice"
_STYLES, _TRANSPORTS = ("cascaded", "realtime"), ("local", "twilio", "daily")
_folder = click.option("--in", "folder", default=".", type=_FOLDER, help="The project's folder.")


@click.group(cls=Group)
def command() -> None:
    """Create an agent, a plugin or a project to start from. Existing files are never overwritten."""


@command.command()
@click.argument("name", callback=_plugin_name)
@_folder
def plugin(name: str, folder: Path) -> None:
    """Create plugins/NAME.py with one tool, and its test."""
    _write(_plugin(name), folder)
    _next(f"add `tools: [{name}]` to a spec", f"pytest {shlex.quote(str(folder / 'plugins'))}")
    if find_spec("pytest") is None:
        click.echo(f"pytest is not installed: {distribution.install('pytest')}")


@command.command()
@click.argument("name", callback=_agent_name)
@click.option(
    "--style", default="cascaded", type=click.Choice(_STYLES), show_default=True, help="The pipeline's style."
)
@click.option(
    "--transport",
    default="local",
    type=click.Choice(_TRANSPORTS),
    show_default=True,
    help="How people reach it.",
)
@_folder
def agent(name: str, style: str, transport: str, folder: Path) -> None:
    """Create agents/NAME.yaml, and its tests next to it."""
    _write(_agent(name, style, transport), folder)
    _next(f"{distribution.command()} test {shlex.quote(str(folder / 'agents' / name))}.yaml")


@command.command()
@click.argument("folder", type=_FOLDER)
def project(folder: Path) -> None:
    """Create FOLDER with an agent, a plugin, their tests, and a workflow that checks them."""
    title = folder.resolve().name
    agent = _agent("front-desk", "cascaded", "twilio", ", orders")
    _write(
        {
            **agent,
            "agents/front-desk.tests.yaml": agent["agents/front-desk.tests.yaml"] + scaffold.ORDER_TESTS,
            **_plugin("orders"),
            "README.md": scaffold.README.format(title=title),
            "pyproject.toml": scaffold.PYTEST,
            "requirements.txt": scaffold.REQUIREMENTS,
            ".gitignore": scaffold.IGNORE,
            ".github/workflows/check.yml": scaffold.CI,
        },
        folder,
    )
    agentrun = distribution.command()
    _next(
        f"cd {shlex.quote(str(folder))}",
        f"{agentrun} check",
        f"{agentrun} test",
        f"{agentrun} serve --offline",
        f'{agentrun} call {_URL} --say "Where is order seven?"    (in another terminal)',
    )


def _next(*steps: str) -> None:
    for number, step in enumerate(steps):
        click.echo(f"{'' if number else 'Next:':7}{step}")


def _agent(name: str, style: str, transport: str, more: str = "") -> dict[str, str]:
    title = name.replace("-", " ")
    words = {"name": name, "title": title, "style": style, "transport": transport, "more": more}
    return {
        f"agents/{name}.yaml": scaffold.AGENT.format(**words),
        f"agents/{name}.tests.yaml": scaffold.TESTS.format(**words),
    }


def _plugin(name: str) -> dict[str, str]:
    words = {"name": name, "module": name, "title": name.replace("_", " ").capitalize()}
    return {
        f"plugins/{name}.py": scaffold.PLUGIN.format(**words),
        f"plugins/test_{name}.py": scaffold.PLUGIN_TEST.format(**words),
    }


def _write(files: dict[str, str], folder: Path) -> None:
    """Write ``files`` below ``folder``; if one exists already, write none and raise SetupError."""
    from agentrun.errors import SetupError

    if there := [name for name in files if os.path.lexists(folder / name)]:
        raise SetupError(f"{folder / there[0]} is there already", "choose another name, or remove it")
    for name in files:
        above = next(path for path in (folder / name).parents if os.path.lexists(path))
        if not os.access(above, os.W_OK | os.X_OK) or not above.is_dir():
            raise SetupError(f"'{above}' is not a folder that can be written to", "choose another folder")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        click.echo(f"wrote {path}")
