"""Install the lock as it is into a virtual environment, and this checkout beside it: ``make install``.

Nothing is resolved, so nothing depends on what was released since the lock was made. uv does it, itself from
the lock; pip where uv can't be had or has failed. Standard library only: this runs before all else.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
OLDEST, NEWEST = (3, 11), (3, 13)
BUILDERS = ("setuptools",)
"""What builds source distributions and this checkout; from the lock too, so no build asks an index."""
INSTALLERS = ("auto", "uv", "pip")
STAMP = ".installed"
"""In the environment: the lock that was installed, once all of it was."""
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==")
_MIRRORS = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
}
_OFF = ("", "0", "no", "off", "false")
_FAILED = """
The locked packages could not be installed; the reason stands above. `make install` goes on from here.
Without a network: PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER make install, with the locked files in FOLDER.
Behind a mirror: PIP_INDEX_URL=ADDRESS make install."""


def entries(lock: str) -> dict[str, str]:
    """Each locked distribution's lines, by its name.

    >>> entries("a==1 \\\\\\n    --hash=sha256:0\\n    # via b\\nb==2\\n")["a"]
    'a==1 \\\\\\n    --hash=sha256:0\\n    # via b\\n'
    """
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        match = _NAME.match(line)
        name = match[1] if match else name
        if name:
            found[name] = found.get(name, "") + line
    return found


def supported(version: tuple[int, ...]) -> bool:
    """Whether the lock was made for, and tried with, this Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def other_python() -> str | None:
    """A supported interpreter on the path, the newest first."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        # a shim of a version manager may be there without its interpreter
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return None


def environment(environ: dict[str, str]) -> dict[str, str]:
    """Variables for the installers: patient ones, and for uv what pip has: its mirror, the system's trust."""
    found = {"UV_HTTP_TIMEOUT": "120", "PIP_DEFAULT_TIMEOUT": "60", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        found["UV_SYSTEM_CERTS"] = "1"
    for pips, uvs in _MIRRORS.items():
        if pips in environ:
            found[uvs] = environ[pips].replace(" ", ",") if pips == "PIP_FIND_LINKS" else environ[pips]
    # a target of another place would lead the files out of the environment
    left = {
        name: value for name, value in environ.items() if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    }
    return {**found, **left}


class Venv:
    """A virtual environment that gets the lock."""

    def __init__(self, folder: Path, lock: Path = LOCK) -> None:
        self.folder = folder
        self.stamp = folder / STAMP
        self.python = folder / "bin" / "python"
        self._lock = lock
        self._text = lock.read_text(encoding="utf-8")
        self._environ = environment(dict(os.environ))

    def install(self, installer: str = "auto") -> bool:
        """All of the lock, and the checkout; whether that worked."""
        before = self._before()
        if before == self._text:
            return self._link(("uv", "pip"))
        self.stamp.unlink(missing_ok=True)
        if not before:
            self._make()
        ways = self._tools(installer)
        if not ways or not any(self._run(way, "-r", str(self._lock)) for way in ways):
            return False
        self._remove(set(entries(before)) - set(entries(self._text)))
        return self._link(ways)

    def _before(self) -> str:
        """The lock that was installed here, or nothing for an environment that is to be made anew."""
        whole = self.stamp.is_file() and self.python.exists()
        return self.stamp.read_text(encoding="utf-8") if whole else ""

    def _make(self) -> None:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(self.folder)], check=False)
        if made.returncode:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            sys.exit(
                f"{sys.executable} can't make a virtual environment. On Debian and Ubuntu:"
                f" apt install python{version}-venv"
            )

    def _tools(self, installer: str) -> tuple[str, ...]:
        """What builds, and uv where it can be had; the ways to go on in, the better one first."""
        if installer != "pip" and self._pip(self._chosen("uv", *BUILDERS), "--only-binary", "uv"):
            return ("uv",) if installer == "uv" else ("uv", "pip")
        if installer == "uv":
            return ()
        return ("pip",) if self._pip(self._chosen(*BUILDERS)) else ()

    def _chosen(self, *names: str) -> str:
        known = entries(self._text)
        return "".join(known[name] for name in names)

    def _pip(self, requirements: str, *options: str) -> bool:
        """Install some lines of the lock with the environment's own pip."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write(requirements)
            file.flush()
            return self._run("pip", *options, "-r", file.name)

    def _run(self, way: str, *what: str) -> bool:
        hashed = () if "-e" in what else ("--require-hashes",)
        options = ("--quiet", "--no-deps", "--no-build-isolation", *hashed)
        command: tuple[str, ...] = (str(self.python), "-m", way, "install")
        if way == "uv":
            command = (str(self.folder / "bin" / "uv"), "pip", "install", "--python", str(self.python))
            options = options if not sys.stderr.isatty() else options[1:]
            # uv has no variable for it
            options += ("--no-index",) if self._environ.get("PIP_NO_INDEX", "0") not in _OFF else ()
        done = subprocess.run([*command, *options, *what], env=self._environ, cwd=ROOT, check=False)
        if done.returncode and way == "uv":
            print("uv could not install this.", file=sys.stderr)
        return done.returncode == 0

    def _remove(self, names: set[str]) -> None:
        """What the lock had before and has no longer."""
        if names:
            command = [str(self.python), "-m", "pip", "uninstall", "--quiet", "--yes", *sorted(names)]
            subprocess.run(command, env=self._environ, check=False)

    def _link(self, ways: tuple[str, ...]) -> bool:
        there = [way for way in ways if way == "pip" or (self.folder / "bin" / "uv").exists()]
        if not any(self._run(way, "-e", str(ROOT)) for way in there):
            return False
        self.stamp.write_text(self._text, encoding="utf-8")
        return True


def main() -> None:
    """Read the command line, look for a Python that fits, and install."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv", type=Path, help="folder of the virtual environment")
    parser.add_argument("--installer", choices=INSTALLERS, default="auto", help="only uv, or only pip")
    given = parser.parse_args()
    if not supported(sys.version_info[:2]):
        version = ".".join(map(str, sys.version_info[:2]))
        other = other_python()
        if other:
            os.execv(other, [other, *sys.argv])  # noqa: S606 - the same script, with a Python that fits
        if sys.version_info[:2] < OLDEST:
            sys.exit(
                f"Python {version} is too old: 3.11, 3.12 or 3.13 is needed (make PYTHON=/path/to/python3.12)"
            )
        print(f"Python {version} has not been tried; 3.11, 3.12 and 3.13 have.", file=sys.stderr)
    count = len(entries(LOCK.read_text(encoding="utf-8")))
    print(
        f"Installing {count} locked packages into {given.venv}: some minutes when nothing is cached.",
        flush=True,
    )
    if not Venv(given.venv.absolute()).install(given.installer):
        sys.exit(_FAILED)


if __name__ == "__main__":
    main()
