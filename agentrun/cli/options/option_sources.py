"""Where an option's value came from, so that an error can name the variable or the file."""

from __future__ import annotations

import click
from click.core import ParameterSource

CONFIG = "agentrun.config"
"""Key of ``click.Context.meta``: the file that ``default_map`` was read from."""


def name_source(error: click.ClickException) -> click.ClickException:
    """``error``, extended with the variable or the file that the option's value came from.

    ``Invalid value for AGENTRUN_PORT (--port): …``; other errors stay as they are.
    """
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return error
    message = _allowed_numbers(error.message, error.param.type)
    hint = error.param_hint or _place(error.ctx, error.param)
    return click.BadParameter(message, error.ctx, error.param, hint)


def _place(ctx: click.Context, param: click.Parameter) -> str | None:
    source = ctx.get_parameter_source(param.name or "")
    option = max(param.opts, key=len)
    if source is ParameterSource.ENVIRONMENT:
        return f"{_variable(ctx, param)} ({option})"
    if source is ParameterSource.DEFAULT_MAP:
        return f"'{option.removeprefix('--')}' in {ctx.meta.get(CONFIG)} ({option})"
    return None


def _variable(ctx: click.Context, param: click.Parameter) -> str:
    """The environment variable that was read."""
    names = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
    return names[0] if names else f"{ctx.auto_envvar_prefix}_{param.name}".upper().replace("-", "_")


def _allowed_numbers(message: str, kind: click.ParamType[object]) -> str:
    """What may stand there, where click speaks of a range or of none."""
    value, no_number, _ = message.partition(" is not a valid ")
    if isinstance(kind, click.IntRange | click.FloatRange) and no_number:
        what = "whole number" if isinstance(kind, click.IntRange) else "number"
        low = "" if kind.min is None else f" {'above' if kind.min_open else 'from'} {kind.min:g}"
        high = "" if kind.max is None else f" {'below' if kind.max_open else 'to'} {kind.max:g}"
        return f"{value} is not a {what}{low}{high}."
    return message
