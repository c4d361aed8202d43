"""The lock is complete by itself, is what pyproject.toml asks for, and holds for every supported Python."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
COMPILED = {"microphone"}
"""Extras that need a compiler, and so are no part of the lock."""
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {
    "linux": {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix"},
    "macos": {"platform_system": "Darwin", "sys_platform": "darwin", "os_name": "posix"},
}
_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?: ; (.*?))?(?: \\)?$", re.MULTILINE)


class Locked(NamedTuple):
    """One line of the lock."""

    version: str
    marker: Marker | None


LOCK = {canonicalize_name(m[1]): Locked(m[2], Marker(m[3]) if m[3] else None) for m in _LINE.finditer(TEXT)}


def environment(python: str, system: str) -> dict[str, str]:
    """What markers are held against there."""
    here = {name: str(value) for name, value in default_environment().items()}
    return {**here, **SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.9"}


def applies(marker: Marker | None, there: dict[str, str], extra: str = "") -> bool:
    return marker is None or marker.evaluate({**there, "extra": extra})


def asked() -> list[str]:
    """The requirements of the project with every extra that is locked."""
    extras = PROJECT["optional-dependencies"]
    return [
        *PROJECT["dependencies"],
        *(one for name in extras if name not in COMPILED for one in extras[name]),
    ]


def walk(there: dict[str, str]) -> tuple[dict[str, set[str]], list[str]]:
    """All that is needed ``there``, by name with its extras, and what the lock lacks or has otherwise."""
    needed: dict[str, set[str]] = {}
    wrong: list[str] = []
    waiting = [("the project", Requirement(text), "") for text in asked()]
    while waiting:
        asker, wanted, extra = waiting.pop()
        if not applies(wanted.marker, there, extra):
            continue
        name = canonicalize_name(wanted.name)
        locked = LOCK.get(name)
        if locked is None or not applies(locked.marker, there):
            wrong.append(f"{asker} needs {wanted}, which is not locked")
            continue
        if not wanted.specifier.contains(locked.version, prereleases=True):
            wrong.append(f"{asker} needs {wanted}, and {locked.version} is locked")
        known = needed.get(name)
        fresh = ({""} if known is None else set()) | (wanted.extras - (known or set()))
        needed.setdefault(name, set()).update(fresh - {""})
        for one in fresh:
            waiting += [(name, Requirement(text), one) for text in requirements(name)]
    return needed, wrong


def requirements(name: str) -> list[str]:
    """What an installed distribution requires; what is for other systems alone is not installed here."""
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_requirement_of_every_locked_distribution_is_locked(python: str, system: str) -> None:
    _, wrong = walk(environment(python, system))
    assert wrong == []


@pytest.mark.parametrize("python", PYTHONS)
def test_nothing_is_locked_that_nothing_needs(python: str) -> None:
    there = environment(python, "linux")
    needed, _ = walk(there)
    locked = {name for name, one in LOCK.items() if applies(one.marker, there)}
    assert locked - set(needed) == set()


def test_what_is_installed_here_is_what_is_locked() -> None:
    here = {name: str(value) for name, value in default_environment().items()}
    for name, locked in LOCK.items():
        if applies(locked.marker, here):
            assert distribution(name).version == locked.version


def test_the_walk_finds_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LOCK, canonicalize_name("google-auth"))
    _, wrong = walk(environment("3.11", "linux"))
    assert any("google-auth" in line for line in wrong)


def test_the_walk_finds_what_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOCK, canonicalize_name("click"), Locked("7.0", None))
    _, wrong = walk(environment("3.12", "linux"))
    assert any("click>=8.1" in line for line in wrong)


def test_every_line_has_hashes_and_no_address() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", TEXT, flags=re.MULTILINE)[1:]
    assert len(entries) == len(LOCK) > 100
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in TEXT
    assert not re.search(r"^-", TEXT, re.MULTILINE)


def test_aiohttp_is_no_older_than_the_one_whose_private_names_were_read() -> None:
    (wanted,) = (one for one in map(Requirement, PROJECT["dependencies"]) if one.name == "aiohttp")
    assert not wanted.specifier.contains("3.14.3")
    assert LOCK[canonicalize_name("aiohttp")].version.startswith("3.14.")


def test_the_classifiers_name_the_pythons_of_the_lock() -> None:
    named = {text.rpartition(" ")[2] for text in PROJECT["classifiers"] if "Python :: 3." in text}
    assert named == set(PYTHONS)


def test_the_makefile_locks_every_extra_but_those_that_are_compiled() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^LOCKED := (.*)$", text, re.MULTILINE)
    assert found is not None
    assert set(found[1].split()) == set(PROJECT["optional-dependencies"]) - COMPILED
