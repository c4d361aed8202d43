"""What `make` tries again: tests that failed, and nothing that broke off before all had run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/ran"
case "$*" in *last-failed*) exit 0 ;; esac
exit {code}
"""
FAILED, INTERRUPTED, BROKEN = 1, 2, 3
"""https://docs.pytest.org/en/stable/reference/exit-codes.html"""


@pytest.mark.parametrize(
    ("asked", "code", "is_green", "runs"),
    [
        (("test",), 0, True, 1),
        (("test",), FAILED, False, 1),
        (("test", "RETRY=yes"), FAILED, True, 2),
        (("test", "RETRY=yes"), INTERRUPTED, False, 1),
        (("test", "RETRY=yes"), BROKEN, False, 1),
        (("test-slow",), FAILED, True, 2),
        (("test-slow",), INTERRUPTED, False, 1),
    ],
)
def test_only_tests_that_failed_are_tried_again(
    tmp_path: Path, asked: tuple[str, ...], code: int, is_green: bool, runs: int
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / ".installed").touch()
    python = tmp_path / "bin" / "python"
    python.write_text(PYTHON.format(code=code))
    python.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", *asked, f"VENV={tmp_path}"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == is_green, done.stderr
    assert len((tmp_path / "bin" / "ran").read_text().splitlines()) == runs
