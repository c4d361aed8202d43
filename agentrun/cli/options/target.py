"""``--target``: a place that agents can be brought to. The names stand here, so that help imports none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

TARGET_NAMES = ("bot", "compose", "helm", "image", "kubernetes", "pipecat-cloud", "systemd")
"""Those of ``agentrun.deploy.targets``; a test holds them together."""

_IMAGE = re.compile(r"[a-z0-9]+([._:/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LONGEST_IMAGE = 383
_LONGEST_NAME = 40


def target_option(**given: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--target``, with what the command says of it."""
    return click.option("--target", type=click.Choice(TARGET_NAMES), **given)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a place is told, each by its name in ``agentrun.cli.deploying.PlaceOptions``."""
    command = click.option(
        "--name", callback=_name, metavar="NAME",
        help="The service's name; by default its agent's, or the project folder's for several. A folder that "
        "was written before keeps its name.",
    )(command)  # fmt: skip
    command = click.option(
        "--calls", type=click.IntRange(1, 100_000), help="Concurrent calls to size it for."
    )(command)
    command = click.option(
        "--organization", callback=_label, help="Organization at Pipecat Cloud, such as three-random-words."
    )(command)
    command = click.option(
        "--public-url", metavar="URL", help="Where Twilio and others reach it: https://voice.example.com."
    )(command)
    command = dispatched_option(command)
    command = click.option(
        "--bench", multiple=True, metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="What `agentrun bench SPEC --json` has measured of an agent: replicas are sized by it.",
    )(command)  # fmt: skip
    return image_option("--image")(command)


def dispatched_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--dispatched``, for what says what can't be at a place."""
    words = "At Pipecat Cloud: only `agentrun serve --dispatch` starts sessions; it enforces the limits."
    return click.option("--dispatched", is_flag=True, help=words)(command)


def image_option(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What the image is called, under the option ``names``."""
    words = "What the image is called, with its registry; by default its agent's name and the specs' hash."
    return click.option(*names, callback=_image, metavar="NAME:TAG", help=words)


def _name(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > _LONGEST_NAME or not re.fullmatch(r"[a-z]([a-z0-9]|-(?=[a-z0-9]))*", value):
        words = f"at most {_LONGEST_NAME} lower-case letters, digits and single hyphens, from a letter on"
        raise click.BadParameter(f"'{value}' can't be a name there: it has {words}, such as front-desk")
    return value


def _label(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise click.BadParameter(f"'{value}' is not lower-case letters, digits and hyphens")
    return value


def _image(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not _IMAGE.fullmatch(value) or len(value) > _LONGEST_IMAGE):
        raise click.BadParameter(f"'{value}' is not NAME:TAG, such as registry.example.com/desk:1.0")
    return value
