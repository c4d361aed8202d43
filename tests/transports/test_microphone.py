"""The microphone, with PyAudio's interface over files: PortAudio and its devices are not here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from agentrun import spec
from agentrun.errors import SpecError
from agentrun.plan import plan as planning

STAND_IN = Path(__file__).parent / "pyaudio_stand_in"
QUESTION = Path(__file__).parents[1] / "corpus" / "13_ambiguous.wav"
TEXT = """
name: desk
transport: {type: local, device: microphone%s}
prompts: {system: Be brief., greeting: {say: Hello from the desk.}}
"""


def write(folder: Path, more: str = "") -> Path:
    path = folder / "desk.yaml"
    path.write_text(TEXT % more)
    return path


def serve(path: Path, folder: Path, **environ: str) -> subprocess.Popen[str]:
    given = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(STAND_IN), os.environ.get("PYTHONPATH", "")]),
        "STAND_IN_HEARS": str(folder / "hears.raw"),
        "STAND_IN_PLAYS": str(folder / "plays.raw"),
        **environ,
    }
    command = [sys.executable, "-m", "agentrun", "serve", str(path), "--offline", "--port", "0"]
    return subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sounding_seconds(path: Path) -> float:
    """How long anything was audible in 24 kHz sound."""
    if not path.exists():
        return 0.0
    played = np.frombuffer(path.read_bytes(), dtype=np.int16)
    return float((np.abs(played.astype(np.int32)) > 500).sum()) / 24_000 * 5


def test_whoever_sits_there_is_greeted_and_answered(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    question, rate = soundfile.read(QUESTION, dtype="int16")
    sound = soxr.resample(question, rate, 16_000)
    silence = np.zeros(16_000 * 5, dtype=np.int16)
    (tmp_path / "hears.raw").write_bytes(np.concatenate([silence, sound]).tobytes())
    server = serve(write(tmp_path), tmp_path)
    try:
        plays = tmp_path / "plays.raw"
        deadline = time.monotonic() + 60
        lengths: list[int] = []
        while len(lengths) < 2 and time.monotonic() < deadline:
            before = plays.stat().st_size if plays.exists() else 0
            time.sleep(1.5)
            after = plays.stat().st_size if plays.exists() else 0
            if after == before and after > (lengths[-1] if lengths else 0) + 24_000:
                lengths.append(after)
        assert len(lengths) == 2, "the greeting and the answer were not both played"
        assert sounding_seconds(plays) > 1
    finally:
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=30)
    assert server.returncode == 0, err
    assert "speak now; use headphones" in out


def test_a_machine_without_a_microphone_is_told_so(tmp_path: Path) -> None:
    server = serve(write(tmp_path), tmp_path, STAND_IN_DEVICES="none")
    _, err = server.communicate(timeout=60)
    assert server.returncode == 1
    assert "this machine has no microphone" in err
    assert "transport: local" in err


def test_an_unknown_device_names_those_that_there_are(tmp_path: Path) -> None:
    server = serve(write(tmp_path, ", input: bluetooth"), tmp_path)
    _, err = server.communicate(timeout=60)
    assert server.returncode == 1
    assert "no input device has 'bluetooth' in its name" in err
    assert "Built-in microphone, USB headset" in err


@pytest.mark.skipif(find_spec("pyaudio") is not None, reason="PyAudio is installed")
def test_missing_pyaudio_gets_the_commands_for_debian_and_macos(tmp_path: Path) -> None:
    path = write(tmp_path)
    [warning] = planning.make(spec.load(path), [], {"OPENAI_API_KEY": "test"}).warnings
    assert (warning.line, warning.where) == (3, "transport.device")
    assert "sudo apt install portaudio19-dev" in warning.hint
    assert "brew install portaudio" in warning.hint
    server = serve(path, tmp_path, PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    _, err = server.communicate(timeout=60)
    assert server.returncode == 1
    assert "sudo apt install portaudio19-dev" in err
    assert "Traceback" not in err


def test_devices_belong_to_the_microphone(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text("transport: {type: local, input: USB}\nprompts: Be brief.\n")
    with pytest.raises(SpecError, match="`input:` and `output:` belong to `device: microphone`"):
        spec.load(path)
