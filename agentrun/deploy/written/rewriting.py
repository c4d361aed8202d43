"""Ejects into a folder again: the options of the first time apply, and can't be contradicted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentrun.deploy.written.manifest import Place
from agentrun.errors import SetupError


def require_target(folder: Path | None, before: Place | None, target: str) -> None:
    """Raise SetupError for a folder that holds the files of another target."""
    if before and before.target != target:
        words = f"{folder} was not written for this: its files are for {before.target}, and not for {target}"
        raise SetupError(words, f"choose another folder for {target}, or say --target {before.target}")


def require_name(folder: Path | None, before: Place | None, name: str | None) -> None:
    """Raise SetupError for another name than the folder's, under which a second service would run."""
    if before and name and name != before.name:
        words = f"{folder} was written under the name '{before.name}', which may be running"
        raise SetupError(words, f"leave --name out, or stop that one, and write '{name}' into another folder")


def require_kin(folder: Path | None, before: Place | None, agents: Collection[str]) -> None:
    """Raise SetupError where none of ``agents`` was there before: they would run under a name of others."""
    if before and before.agents and not {*before.agents} & {*agents}:
        words = f"{folder} was written for {', '.join(before.agents)}, and these are {', '.join(agents)}"
        hint = f"choose another folder; where they take their place, say it: --name {before.name}"
        raise SetupError(words, hint)


def require_same(folder: Path | None, before: Place, given: Mapping[str, Any]) -> None:
    """Raise SetupError for an option of ``given`` that the folder was not written with."""
    there = asdict(before)
    for name, value in given.items():
        if value and value != there[name]:
            option = f"--{name.replace('_', '-')}"
            was = f"with {option} {there[name]}" if there[name] else f"without {option}"
            words = f"{folder} was written {was}, and {value} is not in any of its files"
            raise SetupError(words, f"run `agentrun eject` again with it, or leave {option} out here")


def filled(before: Place | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given``, and what was said ``before`` of whatever it does not say."""
    there = asdict(before) if before else {}
    return {name: value or there.get(name) for name, value in given.items()}
