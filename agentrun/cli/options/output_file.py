"""An output file of a command, checked to be writable before the work begins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class OutputFile(click.Path):
    """The click type of such an option; its value is a path.

    A folder that is not there, or where nothing can be written, is a wrong value: BadParameter (exit 2).

    >>> OutputFile().convert("/", None, None)
    Traceback (most recent call last):
    ...
    click.exceptions.BadParameter: File '/' is a directory.
    """

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; fails if its folder does not exist."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no folder '{path.parent}': make it, or choose another", param, ctx)
        if not path.exists() and not os.access(path.parent, os.W_OK | os.X_OK):
            self.fail(f"nothing can be written in '{path.parent}'", param, ctx)
        return path
