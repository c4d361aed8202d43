"""What an image compiles before its first start."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrun.host import compiling

ROOT = Path(__file__).parents[2]
LISTED = """
import sys
from pathlib import Path
from agentrun.host import compiling
compiling.compile_file = lambda path: print(path) or True
compiling.main([Path(sys.argv[1])])
"""
SPEC = "name: desk\ntransport: twilio\nprompts: {system: Hi.}\n"


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Python with ``arguments``, and nothing of this environment."""
    command = [sys.executable, *arguments]
    environ = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240, check=False)


def loaded(path: Path) -> str:
    """What the module at ``path`` says of itself, as it is imported from what was compiled of it."""
    found = importlib.util.spec_from_file_location("compiled_for_a_test", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return str(module.WORDS)


def test_a_compiled_module_holds_whatever_time_its_file_has(tmp_path: Path) -> None:
    path = tmp_path / "words.py"
    path.write_text("WORDS = 'one'\n")
    assert compiling.compile_file(path)
    compiled = Path(importlib.util.cache_from_source(str(path))).read_bytes()
    os.utime(path, (1, 1))
    assert loaded(path) == "one"
    assert Path(importlib.util.cache_from_source(str(path))).read_bytes() == compiled
    assert not compiling.compile_file(path), "it is there"


def test_a_module_that_is_edited_later_is_not_taken_for_what_was_compiled(tmp_path: Path) -> None:
    path = tmp_path / "words.py"
    path.write_text("WORDS = 'one'\n")
    compiling.compile_file(path)
    path.write_text("WORDS = 'two'\n")
    assert loaded(path) == "two"


def test_what_can_not_be_compiled_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "words.py"
    path.write_text("WORDS = (\n")
    assert not compiling.compile_file(path)
    assert not compiling.compile_file(tmp_path / "gone.py")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_server_imports_is_compiled(tmp_path: Path) -> None:
    """Python's own library too, services, and what calls are made of; what is never imported is not."""
    (tmp_path / "desk.yaml").write_text(SPEC)
    done = run(["-c", LISTED, str(tmp_path / "desk.yaml")])
    assert done.returncode == 0, done.stderr
    wanted = (
        "asyncio/base_events", "agentrun/session/session", "agentrun/cli/commands/serve",
        "pipecat/services/openai/llm", "openai/resources/chat/completions/completions",
        "openai/resources/audio/speech", "alembic/op", "uvicorn/lifespan/on", "uvloop/__init__",
    )  # fmt: skip
    assert [name for name in wanted if f"/{name}.py\n" not in done.stdout] == []
    assert not any(f"/{name}/" in done.stdout for name in ("pip", "twilio/rest")), "nobody imports these"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("transport", "modules"),
    [
        ("local", ("aiortc/rtcpeerconnection", "av/__init__", "pipecat/transports/smallwebrtc/transport")),
        ("daily", ("pipecat/transports/daily/transport", "daily/__init__")),
    ],
)
def test_what_brings_the_sound_of_a_call_is_compiled(
    tmp_path: Path, transport: str, modules: tuple[str, ...]
) -> None:
    """Else the first call of each process would compile it, for a read-only root can't keep it."""
    (tmp_path / "desk.yaml").write_text(SPEC.replace("twilio", transport))
    done = run(["-c", LISTED, str(tmp_path / "desk.yaml")])
    assert done.returncode == 0, done.stderr
    assert [name for name in modules if f"/{name}.py\n" not in done.stdout] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_wrong_spec_and_a_missing_library_are_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC + "tools: [nowhere]\n")
    done = run(["-m", "agentrun.host.compiling", str(tmp_path / "desk.yaml")])
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
