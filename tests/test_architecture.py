"""What holds for every file of the package."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentrun"
MOST_LINES = 250
MOST_FUNCTION_LINES = 50
"""Ninety-eight of a hundred have 30 or fewer."""
MAY_CATCH_ANYTHING = {
    # one call, one edit, one part of a call, or one prompt that fails with what a caller chose
    *("server/calls/switchboard.py", "server/lifecycle/specs/reload.py", "session/closing.py"),
    "session/call_tasks.py",
    *("session/tracking/audio_recorder.py", "spec/values/partial_rendering.py"),
    "cli/main.py",
    "pipeline/failover/unbroken_speech.py",
    "pipeline/pipecat_private/connections.py",
    "pipeline/pipecat_private/realtime/readable_events.py",
    "pipeline/pipecat_private/realtime/events.py",
    "pipeline/pipecat_private/realtime/gemini_sessions.py",
    "pipeline/pipecat_private/realtime/other_connections.py",
    "pipeline/services/structured_answer.py",
    "pipeline/turns/steady_sound.py",
    "server/analysis/analyses.py",
    "server/browser/offers.py",
    "server/browser/session_sockets.py",
    "server/dashboard/error_pages.py",
    "server/dashboard/streamed_pages.py",
    "server/dashboard/sound/breaking_answer.py",
    "server/observability/metric_export.py",
    "server/records/row_writing.py",
    "server/records/webhook_delivery.py",
    "session/tracking/background_transcription.py",
    "session/variables/extraction.py",
    "tools/author_errors.py",
    "tools/knowledge/index.py",
    "tools/running/awaited_steps.py",
    "tools/running/invoke.py",
    "tools/running/plugin_loop.py",
    "tools/running/threads.py",
    "transports/caller_audio.py",
    "transports/page_socket.py",
}
"""The last resort of the command line, users' tools, a row, an event, an offer, a page, a sound, a judgement
or a document that costs only itself, models of any provider that are asked beside a conversation, and
background work that would die unseen. Each says why, beside its ``except``."""
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
    """Whether ``handler`` takes every kind of error and does not hand it on when it has cleaned up."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException") for kind in kinds)


def handlers_of_anything() -> Iterator[tuple[str, str]]:
    """The file of each ``except`` that takes every kind of error, and its line."""
    for name, text in python_files():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and catches_anything(node):
                yield name, text.splitlines()[node.lineno - 1]


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


def test_every_function_is_short_enough_to_read() -> None:
    functions = [
        (name, node)
        for name, text in python_files()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lines = {(name, each.name): (each.end_lineno or 0) - each.lineno + 1 for name, each in functions}
    assert {where: count for where, count in lines.items() if count > MOST_FUNCTION_LINES} == {}


def test_only_the_last_resorts_catch_every_exception() -> None:
    assert {name for name, _ in handlers_of_anything()} == MAY_CATCH_ANYTHING


def test_whoever_catches_every_exception_says_why() -> None:
    lines = [line for _, line in handlers_of_anything()]
    silent = [line for line in lines if not re.search(r"# (noqa: BLE001 - )?\w+( \S+){3}", line)]
    assert silent == []


def test_no_file_names_a_package_registry() -> None:
    kinds = {".py", ".html", ".json", ".yaml", ".toml", ".lock", ".md", ""}
    folders = (PACKAGE, ROOT / "tests", ROOT / "plugins", ROOT / "agents", ROOT / ".ci")
    inside = [path for folder in folders for path in sorted(folder.rglob("*"))]
    texts = [path for path in (*inside, *ROOT.iterdir()) if path.is_file() and path.suffix in kinds]
    assert len(texts) > 200
    found = [(path.name, host) for path in texts for host in REGISTRIES if host.encode() in path.read_bytes()]
    assert found == []
