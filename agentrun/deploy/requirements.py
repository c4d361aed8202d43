"""The requirements that an installer is given for agents, and this package as a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from agentrun import distribution
from agentrun.deploy.deployment import Deployment
from agentrun.distribution import Kind
from agentrun.errors import SetupError

WHEELS = "wheels"
BUILD_SECONDS = 120
_LATEST_ZIP = "315532800"
"""1980, the first second that a wheel can hold: the same source gives the same wheel."""


def requirements(wanted: Deployment, *extras: str) -> bytes:
    """``requirements.txt``: this package with the extras that the agents and their place need.

    What the project's plugins import comes after it.
    """
    lines = [wanted.requirement(*extras), *wanted.providers, *wanted.stores]
    if wanted.wheel:
        lines.insert(0, f"--find-links {WHEELS}")
    return with_own(wanted, *lines)


def with_own(wanted: Deployment, *lines: str) -> bytes:
    """``lines`` of a file for pip, and those that the project has for its plugins."""
    own = wanted.own_requirements
    return "".join(f"{line}\n" for line in lines).encode() + (wanted.project.files[own] if own else b"")


def own_wheel() -> tuple[str, bytes] | None:
    """This copy as a wheel, by its name; None where it was installed from one, and an index has it.

    Runs the package builder that is installed, which takes some seconds. Raises SetupError where there is
    none, or it fails.
    """
    installed = distribution.installation()
    if installed.kind is Kind.WHEEL:
        return None
    with tempfile.TemporaryDirectory(prefix="agentrun-") as folder:
        source = Path(folder, "source")
        _copy_source(installed.folder, source)
        _build(source, Path(folder, "wheel"))
        [wheel] = Path(folder, "wheel").glob("*.whl")
        return wheel.name, wheel.read_bytes()


def wheel_in(folder: Path) -> tuple[str, bytes] | None:
    """The wheel that a written folder brings along, by its name; None where it brings none."""
    wheels = sorted((folder / WHEELS).glob(f"{distribution.NAME.replace('-', '_')}-*.whl"))
    return (wheels[0].name, wheels[0].read_bytes()) if wheels else None


def _copy_source(root: Path, target: Path) -> None:
    """What a wheel is made from, so that nothing is left behind in a checkout."""
    target.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, target / name)
    shutil.copytree(root / "agentrun", target / "agentrun", ignore=shutil.ignore_patterns("__pycache__"))


def _build(source: Path, target: Path) -> None:
    command = _builder(target)
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command,
            cwd=source,
            env={**os.environ, "SOURCE_DATE_EPOCH": _LATEST_ZIP},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(
            f"{command[0]} did not build a wheel within {BUILD_SECONDS} s", "try again"
        ) from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SetupError(
            f"no wheel could be built of this copy: {' '.join(last)}", "see: python -m build --wheel"
        )


def _builder(target: Path) -> list[str]:
    if find_spec("build") and find_spec("setuptools"):
        return [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    if uv := shutil.which("uv"):
        return [uv, "build", "--wheel", "--out-dir", str(target)]
    hint = distribution.install("build", "setuptools")
    raise SetupError("this copy is a source tree, and nothing that can make a wheel of it is installed", hint)
