"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agentrun.simulate.faults import Route
    from agentrun.spec.models.agent import AgentSpec

Pairs = tuple[tuple[str, str], ...]
"""The values of ``--set``: each path with its value."""
_AGENTS = Path("agents")
"""The default folder of specs."""


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> Pairs:
    pairs = []
    for value in values:
        path, equals, text = value.partition("=")
        if not path or not equals:
            raise click.BadParameter(f"'{value}' is not path=value, such as pipeline.llm=openai/gpt-4o-mini")
        pairs.append((path, text))
    return tuple(pairs)


def variables(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> dict[str, str]:
    """Callback of ``--env-file``: the variables in the file that have a value."""
    if path is None:
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise click.BadParameter(f"{path} can't be read as a file of NAME=value in UTF-8: {error}") from None
    return {name: value for name, value in values.items() if value is not None}


def override_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--style`` and ``--set``, which change a spec for this run."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        callback=_pairs,
        help="Override a value of the spec, such as pipeline.llm=openai/gpt-4o-mini.",
    )(command)
    return click.option(
        "--style", type=click.Choice(["cascaded", "realtime"]), help="Override the spec's pipeline style."
    )(command)


def on_telephone(agent: AgentSpec, overrides: Pairs) -> Pairs:
    """``overrides``, extended so that ``agent`` has a Twilio transport whatever its spec says."""
    if any(transport.type == "twilio" for transport in agent.transport):
        return overrides
    return (*overrides, ("transport", "twilio"))


def _agents_folder(ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]) -> tuple[Path, ...]:
    if paths or ctx.resilient_parsing:
        return tuple(dict.fromkeys(map(_spec_of, paths)))
    if not _AGENTS.is_dir():
        metavar = param.make_metavar(ctx)
        raise click.UsageError(f"Missing argument '{metavar}': there is no folder {_AGENTS}/ here to take.")
    return (_AGENTS,)


def _spec_of(path: Path) -> Path:
    """The spec next to a tests file, which ``agents/*.yaml`` matches as well; otherwise ``path``."""
    beside = path.with_name(path.name.replace(".tests.", ".")) if path.name else path
    return beside if beside != path and beside.exists() else path


def specs_argument(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Specs and folders of specs, as ``name``; the folder ``agents/`` when none is given."""
    kind = click.Path(path_type=Path)
    return click.argument(name, nargs=-1, type=kind, callback=_agents_folder)


def _latencies(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[Route, float]:
    from agentrun.simulate.faults import parse_latency

    try:
        return dict(parse_latency(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def latency_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--latency``: how slow the mock OpenAI server is on each route."""
    return click.option(
        "--latency",
        "latencies",
        multiple=True,
        metavar="ROUTE=TIME",
        callback=_latencies,
        help="Delay before the first byte of a route, such as chat=350ms; repeatable.",
    )(command)
