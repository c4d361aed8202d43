"""Runs another program, such as a container build tool, and describes how it ended."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import SetupError


@dataclass(frozen=True)
class Ended:
    """``program`` has ended with ``code``, which is below 0 where a signal did it.

    >>> Ended("docker", 7).words, Ended("docker", -9).words, Ended("docker", -9).shell_code
    ('docker failed with code 7', 'docker was ended by signal 9', 137)
    """

    program: str
    code: int

    @property
    def shell_code(self) -> int:
        """The exit code as a shell reports it: 128 plus the signal's number if a signal ended it."""
        return 128 - self.code if self.code < 0 else self.code

    @property
    def words(self) -> str:
        """How it ended, in words; for exit codes other than 0."""
        how = f"was ended by signal {-self.code}" if self.code < 0 else f"failed with code {self.code}"
        return f"{self.program} {how}"


def run(line: Sequence[str], hint: str, folder: Path | None = None) -> Ended:
    """Run ``line`` in ``folder``, by default in the present one; what it prints goes where ours does.

    Raises SetupError with ``hint`` where it can't be run.
    """
    try:
        done = subprocess.run(line, cwd=folder, check=False)  # noqa: S603
    except OSError as error:
        raise SetupError(f"{line[0]} can't be run: {error.strerror or error}", hint) from None
    return Ended(line[0], done.returncode)
