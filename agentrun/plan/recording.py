"""Resolves ``record.audio`` to a destination for files, or reports what is wrong with it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from agentrun.distribution import install, install_extra
from agentrun.providers.service_plans import ServicePlanner
from agentrun.records.audio.destination import RecordingDestination, shown
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.values.project_paths import inside

SPOOL = Path(".agentrun", "recordings")
"""Beside the spec: where the sound of a call is until it has been sent to an address."""
_WHERE: Where = ("record", "audio", "to")
_READ_ONLY = ("http", "https", "data")


def plan(file: SpecFile, planner: ServicePlanner) -> RecordingDestination | None:
    """Where recordings go, with variables filled in; problems go to ``planner``."""
    audio = file.spec.record.audio
    if audio is None:
        return None
    to, beside = planner.text(audio.to, _WHERE), file.path.absolute().parent
    if to is None:
        return None
    remote = "://" in to
    folder = beside / (SPOOL if remote else to)
    wrong = _wrong_address(to) if remote else None
    if remote and not wrong and (lacking := _lacking(to)):
        planner.lack(_WHERE, *lacking)
    if not remote and "${" not in audio.to and inside(beside, to, file.project) is None:
        wrong = (
            f"'{to}' leads out of the project",
            "name a folder inside it; or have whoever runs the server choose one: to: ${RECORDINGS}",
        )
    wrong = wrong or _wrong_folder(folder, beside)
    if wrong:
        planner.problem(_WHERE, *wrong)
    return RecordingDestination(folder, audio.format, to.rstrip("/") if remote else None)


def _wrong_folder(folder: Path, beside: Path) -> tuple[str, str] | None:
    """Why ``folder``, which need not exist yet, can't be written to; empty if it can."""
    for path in (folder, *folder.parents):
        name = os.path.relpath(path, beside) if path.is_relative_to(beside) else path
        if os.path.lexists(path):
            if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
                return f"there can be no folder here: '{name}' is a file", "name another folder"
            if not os.access(path, os.W_OK | os.X_OK):
                return f"'{name}' can't be written to", "name another folder, or give this user the right to"
            return None
    return None


def _wrong_address(to: str) -> tuple[str, str] | None:
    """Why nothing could be sent to the address."""
    protocol = to.partition("://")[0]
    if protocol in _READ_ONLY:
        return (
            f"nothing can be written to {protocol}://",
            "name a folder, or an address such as s3://bucket/calls",
        )
    if find_spec("fsspec") is None:
        return None
    from fsspec.registry import known_implementations

    if protocol in known_implementations:
        return None
    return f"'{protocol}://' is not an address that fsspec knows", "name a folder, or s3://bucket/calls"


def _lacking(to: str) -> tuple[str, str] | None:
    """The package that the address needs and that is not installed, and the command that installs it."""
    if find_spec("fsspec") is None:
        return f"'{shown(to)}' needs fsspec, which is not installed", install_extra("recordings")
    from fsspec.registry import known_implementations

    protocol = to.partition("://")[0]
    package = known_implementations[protocol]["class"].partition(".")[0]
    if find_spec(package) is None:
        return f"'{protocol}://' needs {package}, which is not installed", install(package)
    return None
