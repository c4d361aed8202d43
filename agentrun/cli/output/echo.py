"""Prints lines that contain untrusted text."""

from __future__ import annotations

import click

from agentrun.printable import printable


def echo(text: object, *, err: bool = False) -> None:
    """Print a line as ``click.echo`` does, with terminal escape sequences made visible."""
    click.echo(printable(str(text)), err=err)
