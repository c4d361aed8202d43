"""Whatever the code imports is brought by a dependency that pyproject.toml names, and each one is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OWNERS = {
    "agentrun/pipeline/catalogue/": "dev",
    "agentrun/pipeline/pipecat_private/tools/tracing.py": "tracing",
    "agentrun/pipeline/tools/tool_spans.py": "tracing",
    "agentrun/plan/recording.py": "recordings",
    "agentrun/records/store/postgresql/": "postgresql",
    "agentrun/server/browser/": "browser",
    "agentrun/server/dashboard/sound/stored_sound.py": "recordings",
    "agentrun/server/observability/": "tracing",
    "agentrun/server/records/uploads.py": "recordings",
    "agentrun/simulate/": "offline",
    # pytest loads it, and nothing else does
    "agentrun/testing/pytest_plugin.py": "dev",
    "agentrun/tools/knowledge/": "pdf",
    "agentrun/tools/mcp/": "mcp",
    "agentrun/transports/microphone.py": "microphone",
}
"""The extra that a module, or all modules of a room, may import beside what every installation has."""
UNSEEN = {
    "python-multipart": "FastAPI reads forms with it",
    "tzdata": "zoneinfo reads it",
}
"""Dependencies of every installation that no module imports by name, and who does."""
NOT_INSTALLED = {"pyaudio": {"pyaudio"}}
"""What the tests do without, and the modules that it would bring."""
_OURS = {"agentrun", "tests", "plugins", "benchmarks", "scripts"}


class Import(NamedTuple):
    """A module that the file at ``place`` imports, and the names that it takes of it."""

    place: str
    module: str
    names: tuple[str, ...]


def imports(folder: str) -> Iterator[Import]:
    """Every import of other people's modules below ``folder``."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        beside = {each.stem for each in path.parent.iterdir()}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for module, names in _imported(node):
                if module.partition(".")[0] not in sys.stdlib_module_names | _OURS | beside:
                    yield Import(place, module, names)


def _imported(node: ast.AST) -> list[tuple[str, tuple[str, ...]]]:
    if isinstance(node, ast.Import):
        return [(each.name, ()) for each in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [(node.module, tuple(each.name for each in node.names))]
    return []


def modules(distribution: str) -> set[str]:
    """The modules that an installed distribution brings, such as ``opentelemetry.sdk.trace``."""
    try:
        brought = files(distribution) or []
    except PackageNotFoundError:
        return NOT_INSTALLED[distribution]
    found = set()
    for file in brought:
        if file.suffix in (".py", ".pyi", ".so"):
            parts = [*file.parts[:-1], file.name.partition(".")[0]]
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def named(*extras: str) -> dict[str, set[str]]:
    """The dependencies of every installation and of ``extras``, each with the modules that it brings."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return {name: modules(name) for name in {Requirement(line).name for line in lines}}


def owner(place: str) -> tuple[str, ...]:
    """The extra that the module at ``place`` belongs to, or none."""
    return tuple({extra for room, extra in OWNERS.items() if place == room or place.startswith(room)})


def unnamed(folder: str) -> list[str]:
    """Imports below ``folder`` of what no named dependency brings."""
    found = list(imports(folder))
    known = {extras: set().union(*named(*extras).values()) for extras in {owner(one.place) for one in found}}
    return [
        f"{one.place} imports {one.module}" for one in found if not _are_brought(one, known[owner(one.place)])
    ]


def _are_brought(one: Import, known: set[str]) -> bool:
    return one.module in known or {f"{one.module}.{name}" for name in one.names or ("?",)} <= known


@pytest.mark.parametrize("folder", ["agentrun", "plugins", "agents"])
def test_what_an_installation_imports_is_named_by_it_or_by_the_extra_whose_module_it_is(folder: str) -> None:
    assert unnamed(folder) == []


def test_every_dependency_of_each_installation_is_imported() -> None:
    used = {f"{one.module}.{name}" for one in imports("agentrun") for name in ("", *one.names)}
    used |= {one.module for one in imports("agentrun")}
    idle = {name for name, brought in named().items() if not brought & used}
    assert idle == set(UNSEEN)


def test_every_extra_of_a_room_is_imported_in_it() -> None:
    assert {extra for one in imports("agentrun") for extra in owner(one.place)} == set(OWNERS.values())


def test_each_named_dependency_has_a_lower_bound() -> None:
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    assert [line for line in lines if not re.search(r">=|==", line)] == ["pymdown-extensions<13"]
