"""What an image's packages lose, and what they keep."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from agentrun.deploy.image import files, installed, locked, slimming
from agentrun.deploy.systemd import files as systemd
from tests.deploy.image_packages import slimmed_packages
from tests.deploy.places import deployment, plan_of

STRIP = shutil.which("strip")
PACKAGES = Path(sysconfig.get_path("purelib"))
MODULE = "onnxruntime/capi/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so"
LIBRARY = "onnxruntime/capi/libonnxruntime.so.1.32.0"
MOST = 450_000_000
BASE = 135_000_000
"""Python's slim images have 115 to 130 MB, as far as is known."""
COMPILED = 30_000_000
"""Of what a server imports; 25 MB were measured."""


@pytest.fixture(autouse=True)
def without_strip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def put(folder: Path, name: str, text: bytes = b"") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_packages_lose_their_tests_and_nothing_else_of_that_name(tmp_path: Path) -> None:
    for name in ("a/__init__.py", "a/tests.py", "b/tests/helpers.py", "tests/test_whole.py"):
        put(tmp_path, name)
    for name in ("a/tests/test_a.py", "a/tests/tests/test_b.py", "a/inner/tests/data/test_c.py"):
        put(tmp_path, name)
    slimming.slim(tmp_path)
    assert names(tmp_path) == {"a/__init__.py", "a/tests.py", "b/tests/helpers.py", "tests/test_whole.py"}


def test_tools_that_prepare_models_are_left_out_with_their_tests(tmp_path: Path) -> None:
    put(tmp_path, "onnxruntime/tools/tests/test_a.py")
    put(tmp_path, "onnxruntime/capi/session.py")
    slimming.slim(tmp_path)
    assert names(tmp_path) == {"onnxruntime/capi/session.py"}


@pytest.mark.parametrize(
    ("module", "stays"), [(b"ELF\0libm.so.6\0", False), (b"ELF\0libonnxruntime.so.1\0", True), (None, True)]
)
def test_a_second_copy_of_a_library_goes_unless_it_is_what_is_loaded(
    tmp_path: Path, module: bytes | None, stays: bool
) -> None:
    put(tmp_path, LIBRARY)
    if module is not None:
        put(tmp_path, MODULE, module)
    slimming.slim(tmp_path)
    assert (LIBRARY in names(tmp_path)) == stays


def module_with_names() -> Path:
    """An extension module of a package that brings libraries along, and has names for debuggers."""
    return next((PACKAGES / "av").glob("buffer.*.so"))


def install_strip(folder: Path, text: str = "") -> None:
    """The machine's own `strip`, or a script of ``text``."""
    program = folder / "bin" / "strip"
    program.parent.mkdir()
    if text:
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    else:
        program.symlink_to(STRIP or "")


@pytest.mark.needs(STRIP is not None, "strip, of binutils")
def test_modules_lose_what_debuggers_read_and_can_still_be_loaded(tmp_path: Path) -> None:
    install_strip(tmp_path)
    folder, module = tmp_path / "packages", module_with_names()
    (folder / "av").mkdir(parents=True)
    (folder / "av.libs").symlink_to(PACKAGES / "av.libs")
    shutil.copy(module, folder / "av")
    slimming.slim(folder)
    slimmed = folder / "av" / module.name
    assert slimmed.stat().st_size < module.stat().st_size / 2
    assert slimmed.stat().st_mode == module.stat().st_mode
    assert [path.name for path in (folder / "av").iterdir()] == [module.name]
    subprocess.run([sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(slimmed)!r})"], check=True)


@pytest.mark.parametrize("script", ["exit 1", 'head -c 5000 "$4" > "$3"', 'printf text > "$3"'])
def test_a_module_that_strip_breaks_stays_as_it_was(tmp_path: Path, script: str) -> None:
    install_strip(tmp_path, f"PATH=/usr/bin:/bin; {script}")
    folder, module = tmp_path / "packages" / "markupsafe", next((PACKAGES / "markupsafe").glob("*.so"))
    folder.mkdir(parents=True)
    shutil.copy(module, folder)
    slimming.slim(folder.parent)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {module.name: module.read_bytes()}


def test_libraries_that_packages_bring_along_are_not_stripped(tmp_path: Path) -> None:
    install_strip(tmp_path, 'echo "$4" >> "$0.log"; exit 1')
    folder = tmp_path / "packages"
    put(folder, "numpy/core.so")
    put(folder, "numpy.libs/libopenblas.so")
    slimming.slim(folder)
    assert (tmp_path / "bin" / "strip.log").read_text().split() == [str(folder / "numpy" / "core.so")]


def test_a_library_goes_with_the_modules_that_alone_need_it(tmp_path: Path) -> None:
    """Whatever nobody is seen to need stays: Python code may open it by its name."""
    needs = {
        "PIL/_webp.cpython-311.so": ["libwebp-1.so"], "PIL/_imaging.so": ["libjpeg-1.so"],
        "pillow.libs/libwebp-1.so": ["libsharp-1.so", "libjpeg-1.so"], "pillow.libs/libsharp-1.so": [],
        "pillow.libs/libjpeg-1.so": [], "pillow.libs/libopened-1.so": [],
    }  # fmt: skip
    for name, libraries in needs.items():
        put(tmp_path, name, b"".join(b"\0%b\0" % one.encode() for one in libraries))
    slimming.slim(tmp_path)
    assert names(tmp_path) == {
        "PIL/_imaging.so", "pillow.libs/libjpeg-1.so", "pillow.libs/libopened-1.so"
    }  # fmt: skip


def test_a_package_that_plugins_name_stays_whole(tmp_path: Path) -> None:
    whole = {"twilio/rest/api.py", "twilio/rest/api.pyi", "PIL/_webp.so"}
    for name in (*whole, "numpy/f2py/a.py", "numpy/a.pyi", "twilio/tests/test_a.py"):
        put(tmp_path, name)
    slimming.slim(tmp_path, ["twilio", "PIL"])
    assert names(tmp_path) == whole


@pytest.mark.parametrize(("late", "stays"), [([], set()), (["lazy_loader/a.py"], {"a/b.pyi"})])
def test_what_compilers_and_type_checkers_read_goes(tmp_path: Path, late: list[str], stays: set[str]) -> None:
    """A stub stays where packages may say in it what they load late."""
    for name in ("a/b.py", "a/b.pyi", "a/b.pyx", "a/c.h", "a/c.proto", "a/tests/test_a.pyi", *late):
        put(tmp_path, name)
    put(tmp_path, "a/tests/test_a.py")
    slimming.slim(tmp_path)
    assert names(tmp_path) == {"a/b.py", *late, *stays}


def test_a_plugin_keeps_the_client_that_it_imports(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    steps = files.files(deployment(tmp_path, plan))["Dockerfile"]
    assert b"-m agentrun.deploy.image.slimming \\\n" in steps
    plugin = tmp_path / "plugins" / "hours.py"
    plugin.write_text(plugin.read_text() + "\ndef later() -> None:\n    from twilio.rest import Client\n")
    steps = files.files(deployment(tmp_path, plan))["Dockerfile"]
    assert b"-m agentrun.deploy.image.slimming twilio \\\n" in steps


@pytest.mark.needs(STRIP is not None, "strip, of binutils")
@pytest.mark.parametrize("transport", ["twilio", "daily", "[twilio, local]"])
def test_an_image_stays_within_its_size(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    extras = installed.server_extras(deployment(tmp_path, plan_of(tmp_path, transport=transport)))
    packages = slimmed_packages(tmp_path_factory, extras)
    sizes = {one.name: slimming.size(one) for one in packages.iterdir() if one.is_dir()}
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert 150_000_000 < sum(sizes.values()) < MOST - BASE - COMPILED, largest


def test_what_pipecat_brings_again_with_a_provider_is_taken_out_again(tmp_path: Path) -> None:
    """An installer that is asked for ``pipecat-ai[deepgram]`` looks for all that Pipecat requires."""
    pipeline = "pipeline: {stt: deepgram/nova-3, llm: openai/gpt-4o, tts: openai/gpt-4o-mini-tts}\n"
    wanted = deployment(tmp_path, plan_of(tmp_path, more=pipeline), public_url="https://voice.example.com")
    texts = [files.files(wanted)["Dockerfile"], systemd.files(wanted)["release.sh"]]
    for text in texts:
        step = f"pip uninstall --yes {' '.join(sorted(locked.UNUSED))}\n"
        assert text.decode().index("pipecat-ai[deepgram]") < text.decode().index(step)
