"""``--target`` and its options. The names are repeated here so that ``--help`` imports no target."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

TARGET_NAMES = ("bot", "compose", "helm", "image", "kubernetes", "pipecat-cloud", "systemd")
"""The names in ``agentrun.deploy.targets``; a test keeps the two in step."""

_IMAGE = re.compile(r"[a-z0-9]+([._:/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LONGEST_IMAGE = 383
_LONGEST_NAME = 40


def target_option(**given: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--target``, with the command's own help text and other click settings."""
    return click.option("--target", type=click.Choice(TARGET_NAMES), **given)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a deployment target, by their names in ``agentrun.cli.deploying.PlaceOptions``."""
    command = click.option(
        "--name", callback=_name, metavar="NAME",
        help="Name of the service; by default the agent's, or the project folder's if there are several. A "
        "folder that was written before keeps its name.",
    )(command)  # fmt: skip
    command = click.option(
        "--calls", type=click.IntRange(1, 100_000), help="Concurrent calls to size the deployment for."
    )(command)
    command = click.option(
        "--organization", callback=_label, help="Organization at Pipecat Cloud, such as three-random-words."
    )(command)
    command = click.option(
        "--public-url", metavar="URL", help="Where Twilio reaches it, such as https://voice.example.com."
    )(command)
    command = dispatched_option(command)
    command = click.option(
        "--bench", multiple=True, metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Output of `agentrun bench SPEC --json`, by which replicas are sized; repeatable.",
    )(command)  # fmt: skip
    return image_option("--image")(command)


def dispatched_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--dispatched``: sessions are started by ``agentrun serve --dispatch`` alone."""
    words = "For Pipecat Cloud: only `agentrun serve --dispatch` starts sessions, and enforces the limits."
    return click.option("--dispatched", is_flag=True, help=words)(command)


def image_option(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The image's name and tag, as an option called ``names``."""
    words = "Image name with registry and tag; by default the agent's name and a hash of the specs."
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
