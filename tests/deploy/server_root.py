"""A root of a server for the script of systemd's target, with programs that only note what they are asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agentrun.deploy.systemd import files as systemd
from tests.deploy.places import deployment, plan_of

PYTHON = f"""#!/bin/sh
case "$*" in
-V) echo "Python ${{PYTHON_VERSION:-3.11.7}}" ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*) echo "pip $*" >> "$DESTDIR/pip"
    printf '%s\\n' '#!/bin/sh' '! grep -q BROKEN "$2"' > "$(dirname "$0")/agentrun"
    chmod +x "$(dirname "$0")/agentrun" ;;
"- "*) ! grep -qs SILENT "$(dirname "$0")/../../project/agents/desk.yaml" ;;
*) exec {sys.executable} "$@" ;;
esac
"""
"""Makes an environment whose `agentrun check` refuses a spec with BROKEN in it; with SILENT in it, the server
does not answer."""
SYSTEMCTL = """#!/bin/sh
case "$1" in cat | is-active) ;; *) echo "systemctl $*" >> "$DESTDIR/log" ;; esac
case "$*" in
"is-active --quiet desk.socket"* | "enable --now desk.socket"*) [ ! -e "$DESTDIR/no-socket" ] ;;
"reload caddy") [ ! -e "$DESTDIR/no-reload" ] ;;
"is-active --quiet desk.service") [ ! -e "$DESTDIR/no-service" ] ;;
"cat "*) cat "$DESTDIR/etc/systemd/system/$2" ;;
restart*) readlink "$DESTDIR/opt/desk/current" >> "$DESTDIR/log"; [ ! -e "$DESTDIR/no-start" ] ;;
esac
"""
CADDY = """#!/bin/sh
echo "caddy $1" >> "$DESTDIR/log"
[ ! -e "$DESTDIR/old-caddy" ] && { [ "$5" = Caddyfile ] || [ ! -e "$DESTDIR/broken-site" ]; }
"""
RUNUSER = '#!/bin/sh\nshift 3; [ ! -e "$DESTDIR/home-of-root" ] && exec "$@"\n'


class ServerRoot:
    """``folder`` is what was written, ``root`` the server's, ``home`` the agents' own in it."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.folder, self.root = scratch, scratch / "written", scratch / "root"
        self.home = self.root / "opt" / "desk"
        (scratch / "project").mkdir()
        (self.root / "etc" / "caddy").mkdir(parents=True)
        (self.root / "etc" / "caddy" / "Caddyfile").write_text("import other.caddyfile\n")
        self.programs = scratch / "bin"
        self.programs.mkdir()
        texts = {"python3": PYTHON, "systemctl": SYSTEMCTL, "caddy": CADDY, "runuser": RUNUSER}
        for name, text in texts.items():
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)

    def write(self, greeting: str = "Hello.") -> None:
        """Write the folder anew, of a spec whose prompt is ``greeting``."""
        more = f"description: {greeting}\n"
        plan = plan_of(self.scratch / "project", more=more)
        wanted = deployment(self.scratch, plan, public_url="https://voice.example.com")
        for name, content in systemd.files(wanted).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / "secrets.env").write_text("OPENAI_API_KEY=x\n")

    def run(
        self, *arguments: str, code: int = 0, at: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> str:
        """What the script says with ``arguments``; it has to end with ``code``."""
        done = subprocess.run(
            ["sh", "release.sh", *arguments],
            cwd=at or self.folder,
            env={"PATH": f"{self.programs}:{os.defpath}:/usr/sbin", "DESTDIR": str(self.root)}
            | {**(environ or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install(self, greeting: str, code: int = 0) -> str:
        """Write and install a version; the name that `current` has after it."""
        self.write(greeting)
        self.run("install", code=code)
        return self.link("current")

    def install_silent(self) -> str:
        """Install a version that does not answer; its name."""
        return self.install("SILENT", code=1)

    def etc(self) -> dict[str, str]:
        """The files of /etc, but for secrets."""
        etc = self.root / "etc"
        files = [one for one in etc.rglob("*") if one.is_file() and one.name != "secrets.env"]
        return {str(one.relative_to(etc)): one.read_text() for one in files}

    def link(self, name: str) -> str:
        """Where a link in the agents' folder leads to; empty for none."""
        path = self.home / name
        return str(path.readlink()) if path.is_symlink() else ""

    def spec(self, release: str) -> str:
        """The text of the spec in a release."""
        return (self.home / release / "project" / "agents" / "desk.yaml").read_text()

    @property
    def releases(self) -> set[str]:
        """Those that are there."""
        return {f"releases/{one.name}" for one in (self.home / "releases").iterdir()}

    @property
    def log(self) -> list[str]:
        """What the programs were asked since it was looked at last."""
        path = self.root / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines
