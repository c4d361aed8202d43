"""Units as release.sh installs them, for systemd to look at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ANALYZE = shutil.which("systemd-analyze")


def complaints(folder: Path, name: str) -> list[str]:
    """What systemd says of the units of a service in ``folder``, once version 1 of it is installed.

    Its programs are not there, so they are taken for `/bin/true`.
    """
    version, started = folder / f"{name}@1.service", folder / f"{name}.socket.d" / "version.conf"
    unit = (folder / f"{name}@.service").read_text()
    program = f"/opt/{name}/releases/%i/venv/bin/agentrun"
    assert program in unit
    version.write_text(unit.replace(program, "/bin/true"))
    started.parent.mkdir()
    started.write_text(f"[Socket]\nService={version.name}\n")
    command = [str(ANALYZE), "verify", "--man=no", str(version), str(folder / f"{name}.socket")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return [line for line in done.stderr.splitlines() if name in line]
