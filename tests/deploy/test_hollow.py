"""Libraries that FFmpeg is linked with and no call uses: empty in an image, and everything else loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from agentrun.deploy.image import hollow, slimming

CC = shutil.which("cc")
PACKAGES = Path(sysconfig.get_path("purelib"))
ENCODE = """
import av, numpy
codec = av.CodecContext.create("libopus", "w")
codec.sample_rate, codec.layout, codec.format = 48000, "mono", "s16"
frame = av.AudioFrame.from_ndarray(numpy.ones((1, 960), "int16"), format="s16", layout="mono")
frame.sample_rate = 48000
assert codec.encode(frame) + codec.encode(None)
assert len(av.codecs_available) > 100
"""
CALLS = "int x265_get(void); int ask(void) { return x265_get(); }"
READS = "extern int x265_levels[]; int x265_get(void); int ask(void) { return x265_get() + *x265_levels; }"
X265 = "libx265-1.so.216"
LEVELS = "int x265_levels[] = {1, 2}; int x265_get(void) { return 7; }"
pytestmark = pytest.mark.needs(CC is not None, "a compiler")


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def build(folder: Path, name: str, code: str, *linked: str) -> Path:
    """A library of a package, from C."""
    target = folder / "av.libs" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [CC or "", "-shared", "-fPIC", "-x", "c", "-", "-x", "none", *linked, "-o", str(target)]
    command += [f"-Wl,-soname,{name}", "-Wl,-rpath,$ORIGIN"]
    subprocess.run(command, input=code, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    return target


def answer_of(library: Path, function: str) -> int:
    """What a function of ``library`` returns, in a process of its own."""
    code = f"import ctypes; print(ctypes.CDLL({str(library)!r}).{function}())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(("needs", "whole", "left"), [(CALLS, [], 0), (CALLS, ["av"], 7), (READS, [], 8)])
def test_an_encoder_that_no_call_uses_becomes_empty_and_all_that_is_linked_with_it_loads(
    tmp_path: Path, needs: str, whole: list[str], left: int
) -> None:
    """It stays where more than functions is used of it, or where a plugin names the package."""
    encoder = build(tmp_path, X265, LEVELS + "static char big[300000] = {1}; char *x265_big = big;")
    size = encoder.stat().st_size
    user = build(tmp_path, "libavcodec-1.so", needs, str(encoder))
    assert answer_of(user, "ask") > 0
    slimming.slim(tmp_path, whole)
    assert answer_of(user, "ask") == left
    assert (encoder.stat().st_size < size / 10) == (left == 0)
    assert sorted(one.name for one in encoder.parent.iterdir()) == [user.name, encoder.name]


def test_an_encoder_stays_where_nothing_could_be_loaded_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes its place looks right, and can't be loaded."""
    encoder = build(tmp_path, X265, LEVELS)
    user = build(tmp_path, "libavcodec-1.so", CALLS, str(encoder))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ld").write_text(
        '#!/bin/sh\nfor one; do [ "$last" != -o ] || echo text > "$one"; last="$one"; done\n'
    )
    (programs / "ld").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert not hollow.empty(encoder)
    assert answer_of(user, "ask") == 7
    assert sorted(one.name for one in encoder.parent.iterdir()) == [user.name, encoder.name]


def test_pyavs_encoders_of_video_are_empty_and_sound_is_encoded_as_before(
    tmp_path: Path,
) -> None:
    for name in ("av", "av.libs"):
        shutil.copytree(PACKAGES / name, tmp_path / name, copy_function=os.link)
    encoders = hollow.candidates(tmp_path)
    assert len(encoders) == len(hollow.UNCALLED)
    assert [hollow.empty(one) for one in encoders] == [True] * len(encoders)
    assert sum(one.stat().st_size for one in encoders) < 100_000
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n{ENCODE}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
