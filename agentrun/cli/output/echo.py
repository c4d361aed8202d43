"""Lines with text from outside in them."""

from __future__ import annotations

import click

from agentrun.printable import printable


def echo(text: object, *, err: bool = False) -> None:
    """Print a line as ``click.echo`` does, with nothing in it that a terminal would obey."""
    click.echo(printable(str(text)), err=err)
