"""What holds for every file of the package."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentrun"
MOST_LINES = 250
MAY_CATCH_ANYTHING = {
    "cli/main.py",
    "pipeline/pipecat_private/realtime_events.py",
    "pipeline/services/structured_answer.py",
    "server/browser/offers.py",
    "server/records/row_writing.py",
    "tools/author_errors.py",
    "tools/invoke.py",
    "tools/loop_guard.py",
}
"""The last resort of the command line, users' tools, a row, an event or an offer that costs only itself, and
models of any provider that are asked beside a conversation."""
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("golang", "org"),
        ("apache", "org"),
        ("huggingface", "co"),
        ("anaconda", "org"),
    )
)
"""Hosts that no file may name, this one included: hence in parts."""
IMPORTED = """
import sys
from agentrun.cli.main import run
try:
    run(sys.argv[1:])
except SystemExit as done:
    print("pipecat" in sys.modules, done.code)
"""


def python_files() -> Iterator[tuple[str, str]]:
    """The name and the text of every Python file of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


def catches_anything(handler: ast.ExceptHandler) -> bool:
    """Whether ``handler`` is bare, or names Exception, alone or among others."""
    if handler.type is None:
        return True
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(name, ast.Name) and name.id == "Exception" for name in named)


def test_imports_keep_the_contracts() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=28, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [("--help",), ("check", "agents/hello.yaml"), ("providers",), ("providers", "deepgram")]
)
def test_help_check_and_providers_do_not_import_pipecat(arguments: tuple[str, ...]) -> None:
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "k"}
    command = [sys.executable, "-c", IMPORTED, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=25, check=False
    )
    assert done.stdout.splitlines()[-1] == "False 0", done.stdout + done.stderr


def test_every_file_is_short_enough_to_read() -> None:
    lines = {name: len(text.splitlines()) for name, text in python_files()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_only_the_last_resorts_catch_every_exception() -> None:
    found = {
        name
        for name, text in python_files()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler) and catches_anything(node)
    }
    assert found <= MAY_CATCH_ANYTHING


def test_no_file_names_a_package_registry() -> None:
    kinds = {".py", ".html", ".json", ".yaml", ".toml", ".lock", ".md", ""}
    folders = (PACKAGE, ROOT / "tests", ROOT / "plugins", ROOT / "agents", ROOT / ".ci")
    inside = [path for folder in folders for path in sorted(folder.rglob("*"))]
    texts = [path for path in (*inside, *ROOT.iterdir()) if path.is_file() and path.suffix in kinds]
    assert len(texts) > 200
    found = [(path.name, host) for path in texts for host in REGISTRIES if host.encode() in path.read_bytes()]
    assert found == []
