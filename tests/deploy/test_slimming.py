"""What an image's packages lose, and what they keep."""

from __future__ import annotations

import re
import sysconfig
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from agentrun.deploy.image import files, locked, slimming
from tests.deploy.places import deployment

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


def test_modules_are_stripped_but_for_those_of_packages_that_bring_libraries(tmp_path: Path) -> None:
    program, folder = tmp_path / "bin" / "strip", tmp_path / "packages"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/stripped\nexit 1\n')
    program.chmod(0o755)
    for name in ("uvloop/loop.so", "PIL/_imaging.so", "pillow.libs/libjpeg.so", "numpy/core.so"):
        put(folder, name)
    put(folder, "numpy.libs/libopenblas.so")
    slimming.slim(folder)
    assert (tmp_path / "stripped").read_text().split() == [str(folder / "uvloop" / "loop.so")]
    assert "uvloop/loop.so" in names(folder), "one that can't be stripped stays"


@pytest.mark.parametrize("transport", ["twilio", "daily"])
def test_an_image_stays_within_its_size(tmp_path: Path, transport: str) -> None:
    """Before anything is stripped, which takes another 30 MB; 45 MB of Daily's library have to fit in too."""
    lock = files.server_extras(deployment(tmp_path))
    extras = {*lock, *(["daily"] if transport == "daily" else [])}
    wanted = set(re.findall(r"^([A-Za-z0-9._-]+)==", locked.requirements(extras), re.MULTILINE))
    left_out = slimming.surplus(PACKAGES)
    sizes = {
        one.name: size_of(one, left_out) for one in distributions() if canonicalize_name(one.name) in wanted
    }
    most = MOST - BASE - COMPILED + (30_000_000 if transport == "daily" else 0)
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert 150_000_000 < sum(sizes.values()) < most, largest


def size_of(package: Distribution, left_out: list[Path]) -> int:
    """What is left of it in an image."""
    paths = [Path(str(package.locate_file(name))) for name in package.files or () if name.suffix != ".pyc"]
    kept = (path for path in paths if path.is_file() and not any(path.is_relative_to(o) for o in left_out))
    return sum(path.stat().st_size for path in kept)
