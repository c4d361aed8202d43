"""``agentrun.toml``: server options in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from agentrun.cli.options.option_sources import CONFIG
from agentrun.spec.loading.close_match import closest

NAME = "agentrun.toml"
_NOT_IN_A_FILE = ("specs", "config", "help")


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--config``: options from a file, which flags and environment variables override."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        is_eager=True,
        expose_value=False,
        callback=_read,
        help=f"Options in a TOML file; by default {NAME} of the current folder, if there is one.",
    )(command)


def _read(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    file = path or Path(NAME)
    if path is None and not file.is_file():
        return
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(f"{file} can't be read: {error.strerror}", ctx, param) from None
    except RecursionError:
        raise click.BadParameter(f"{file} is nested too deeply", ctx, param) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file} is not TOML: {error}", ctx, param) from None
    options = {
        option: one.name
        for one in ctx.command.params
        if one.name not in _NOT_IN_A_FILE
        for option in (long.removeprefix("--") for long in one.opts if long.startswith("--"))
    }
    for key in settings:
        if key not in options:
            hint = closest(key, sorted(options)) or f"write one of: {', '.join(sorted(options))}"
            raise click.BadParameter(f"{file}: '{key}' is not an option; {hint}", ctx, param)
    ctx.meta[CONFIG] = file
    ctx.default_map = {str(options[key]): value for key, value in settings.items()}
