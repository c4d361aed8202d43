"""``make install``: the lock as a lock, in an environment of its own, and words when it can't be had."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "install.py"
LOCK = "a==1 ; python_version < '3.12' \\\n    --hash=sha256:0\n    # via b\nB.c==2 \\\n    --hash=sha256:1\n"
LOCK += "setuptools==80 \\\n    --hash=sha256:2\nuv==0.9 \\\n    --hash=sha256:3\n"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    found = importlib.util.spec_from_file_location("install", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Runs:
    """The commands that would run; those whose words hold ``broken`` fail."""

    def __init__(self, broken: str = "") -> None:
        self.commands: list[str] = []
        self.files: list[str] = []
        self._broken = broken

    def run(self, command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        line = " ".join(map(str, command))
        self.commands.append(line)
        named = command[command.index("-r") + 1] if "-r" in command else None
        self.files.append(Path(named).read_text() if named else "")
        if "venv" in command and "--clear" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()
            (python.parent / "uv").touch()
        return subprocess.CompletedProcess(command, int(bool(self._broken) and self._broken in line))

    def ways(self) -> list[str]:
        """How the lock itself was installed."""
        whole = [line for line, text in zip(self.commands, self.files, strict=True) if text == LOCK]
        return ["uv" if "/bin/uv pip" in line else "pip" for line in whole]


def venv(install: ModuleType, folder: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Any:
    lock = folder / "requirements.lock"
    lock.write_text(LOCK)
    monkeypatch.setattr(install.subprocess, "run", runs.run)
    return install.Venv(folder / "venv", lock)


def test_the_lock_is_taken_apart_by_name(install: ModuleType) -> None:
    found = install.entries(LOCK)
    assert list(found) == ["a", "B.c", "setuptools", "uv"]
    assert "".join(found.values()) == LOCK


def test_every_command_takes_the_lock_without_resolving(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs()
    assert venv(install, tmp_path, runs, monkeypatch).install()
    assert runs.ways() == ["uv"]
    installing = [line for line in runs.commands if " install " in line]
    assert installing
    assert all("--no-deps" in line and "--no-build-isolation" in line for line in installing)
    assert all("--require-hashes" in line for line in installing if " -e " not in line)
    assert (tmp_path / "venv" / install.STAMP).read_text() == LOCK


@pytest.mark.parametrize(("value", "without"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_without_an_index_uv_asks_none_either(
    value: str, without: bool, install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", value)
    runs = Runs()
    assert venv(install, tmp_path, runs, monkeypatch).install()
    uvs = [line for line in runs.commands if "/bin/uv pip" in line]
    assert uvs
    assert all(("--no-index" in line) is without for line in uvs)


@pytest.mark.parametrize("broken", ["/bin/uv pip", "--only-binary uv"])
def test_pip_installs_the_lock_where_uv_fails_or_can_not_be_had(
    broken: str, install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(broken)
    assert venv(install, tmp_path, runs, monkeypatch).install()
    assert runs.ways()[-1] == "pip"


def test_what_builds_comes_from_the_lock_too(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs()
    venv(install, tmp_path, runs, monkeypatch).install()
    assert install.entries(runs.files[1]).keys() == {"uv", "setuptools"}
    assert "--hash=sha256:2" in runs.files[1]


def test_an_installation_that_failed_is_not_taken_for_one(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not venv(install, tmp_path, Runs(" install "), monkeypatch).install()
    assert not (tmp_path / "venv" / install.STAMP).exists()


def test_only_the_checkout_is_linked_again_when_the_lock_is_the_same(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv(install, tmp_path, Runs(), monkeypatch).install()
    runs = Runs()
    assert venv(install, tmp_path, runs, monkeypatch).install()
    assert len(runs.commands) == 1
    assert " -e " in runs.commands[0]


def test_what_the_lock_has_no_longer_is_removed(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = venv(install, tmp_path, Runs(), monkeypatch)
    first.install()
    first.stamp.write_text(LOCK + "gone==1 \\\n    --hash=sha256:4\n")
    runs = Runs()
    assert venv(install, tmp_path, runs, monkeypatch).install()
    assert next(line for line in runs.commands if "uninstall" in line).endswith(" gone")
    assert not any("--clear" in line for line in runs.commands)


def test_pip_s_own_mirror_is_used_by_uv_and_no_other_target(install: ModuleType) -> None:
    given = {
        "PIP_INDEX_URL": "http://mirror",
        "PIP_FIND_LINKS": "/a /b",
        "PIP_TARGET": "/elsewhere",
        "PATH": "/bin",
    }
    found = install.environment(given)
    assert found["UV_DEFAULT_INDEX"] == "http://mirror"
    assert found["UV_FIND_LINKS"] == "/a,/b"
    assert "PIP_TARGET" not in found
    assert install.environment({"UV_HTTP_TIMEOUT": "7"})["UV_HTTP_TIMEOUT"] == "7"


@pytest.mark.parametrize(
    ("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)]
)
def test_the_pythons_of_the_lock_are_supported(
    install: ModuleType, version: tuple[int, int], fits: bool
) -> None:
    assert install.supported(version) is fits


@pytest.mark.slow
def test_without_any_package_the_next_step_is_named(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, str(SCRIPT), str(tmp_path / "venv")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "could not be installed; the reason stands above" in done.stderr
    assert "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER make install" in done.stderr
