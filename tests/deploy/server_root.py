"""A root of a server for the script of systemd's target, with programs that only note what they are asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentrun.deploy.systemd import files as systemd
from agentrun.plan.plan import Plan
from tests.deploy.places import deployment, plan_of

PYTHON = f"""#!/bin/sh
case "$*" in
-V) echo "Python ${{PYTHON_VERSION:-3.11.7}}" ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*) echo "pip $*" >> "$DESTDIR/pip"
    printf '%s\\n' '#!/bin/sh' '! grep -q BROKEN "$2"' > "$(dirname "$0")/agentrun"
    chmod +x "$(dirname "$0")/agentrun" ;;
*) exec {sys.executable} "$@" ;;
esac
"""
"""Makes an environment whose `agentrun check` refuses a spec with BROKEN in it."""
SYSTEMCTL = """#!/bin/sh
cd "$DESTDIR"
touch running ending
case "$1" in cat | is-active | list-units | reset-failed) ;; *) echo "systemctl $*" >> log ;; esac
case "$*" in
"is-active --quiet desk.socket") [ -e open ] ;;
"enable --now desk.socket") [ ! -e no-socket ] && touch open ;;
"disable --now desk.socket") rm -f open ;;
"reload caddy") [ ! -e no-reload ] ;;
"cat "*) cat "etc/systemd/system/$2" ;;
*deactivating*) sed 's/$/ loaded active running agents/' running 2> /dev/null ;;
list-units*) grep -vxFf ending running | sed 's/$/ loaded active running agents/' ;;
"start "*) version="${2#*@}"
    readlink opt/desk/current >> log
    ! grep -q SILENT "opt/desk/releases/${version%.service}/project/agents/desk.yaml" || exit 1
    echo "$2" >> running ;;
"stop "*) for unit; do :; done
    if [ "$2 $(ls calls 2> /dev/null)" = "--no-block calls" ]; then echo "$unit" >> ending
    else sed -i "/^$unit\\$/d" running; fi ;;
esac
"""
"""Has a service run until it is stopped, unless it has `calls`; one with SILENT in its spec takes none."""
CADDY = """#!/bin/sh
echo "caddy $1" >> "$DESTDIR/log"
[ ! -e "$DESTDIR/old-caddy" ] && { [ "$5" = Caddyfile ] || [ ! -e "$DESTDIR/broken-site" ]; }
"""
RUNUSER = '#!/bin/sh\nshift 3; [ ! -e "$DESTDIR/home-of-root" ] && exec "$@"\n'


class ServerRoot:
    """``folder`` is what was written, ``root`` the server's, ``home`` the agents' own in it.

    ``url`` is its public address, ``secrets`` what is in its secrets.env. ``programs`` take the place of
    those that only note what they are asked; the script hands the descriptors ``fds`` on to them.
    """

    def __init__(
        self,
        scratch: Path,
        *,
        url: str = "https://voice.example.com",
        secrets: str = "OPENAI_API_KEY=x\n",
        programs: Mapping[str, str] | None = None,
        fds: Sequence[int] = (),
    ) -> None:
        self.url, self.secrets, self.fds = url, secrets, fds
        self.scratch, self.folder, self.root = scratch, scratch / "written", scratch / "root"
        self.home = self.root / "opt" / "desk"
        (scratch / "project").mkdir()
        (self.root / "etc" / "caddy").mkdir(parents=True)
        (self.root / "etc" / "caddy" / "Caddyfile").write_text("import other.caddyfile\n")
        self.programs = scratch / "bin"
        self.programs.mkdir()
        texts = {"python3": PYTHON, "systemctl": SYSTEMCTL, "caddy": CADDY, "runuser": RUNUSER}
        for name, text in (texts | {**(programs or {})}).items():
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)

    def write(self, greeting: str = "Hello.") -> None:
        """Write the folder anew, of a spec whose prompt is ``greeting``."""
        wanted = deployment(self.scratch, self.plan(greeting), public_url=self.url)
        for name, content in systemd.files(wanted).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / "secrets.env").write_text(self.secrets)

    def plan(self, greeting: str) -> Plan:
        """The agent of a version."""
        return plan_of(self.scratch / "project", more=f"description: {greeting}\n")

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
            timeout=180,
            check=False,
            pass_fds=self.fds,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install(self, greeting: str, code: int = 0) -> str:
        """Write and install a version; the name that `current` has after it."""
        self.write(greeting)
        self.run("install", code=code)
        return self.link("current")

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
    def running(self) -> list[str]:
        """The services that run."""
        path = self.root / "running"
        return path.read_text().split() if path.exists() else []

    @property
    def log(self) -> list[str]:
        """What the programs were asked since it was looked at last."""
        path = self.root / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines
