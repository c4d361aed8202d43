"""Builds the image of a spec without a daemon or a registry, measures it, and calls the agent in it.

    make image
    sudo .venv/bin/python scripts/check_image.py agents/ncaa.yaml
    sudo .venv/bin/python scripts/check_image.py agents/hello.yaml --measure

As root on Linux, with Debian's `buildah` and `mmdebstrap`; it takes some minutes, and asks Debian's mirror
and the package index. Without ``python:3.11-slim`` among Buildah's images, Debian's packages take its place.
The image's root is mounted read-only and served offline as user 10001, with a mock of OpenAI outside of it,
and a recorded question is asked over a simulated telephone; the record of `ncaa` must have its tool's result.

It is no part of `.ci/run`: it wants the right to mount, Debian's mirror, and more time than any other test.
`make image` does both specs, before a release and after a change of `agentrun/deploy/image/`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AGENTRUN = Path(sys.executable).with_name("agentrun")
QUESTION = ROOT / "tests" / "corpus" / "02_mens_scores.wav"
SUITES = {"3.11": "bookworm", "3.13": "trixie"}
PACKAGES = "python3,python3-venv,python-is-python3,ca-certificates,tzdata"
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
SLIM, MOST = 130_000_000, 450_000_000
"""What Python's own slim images take, as far as is known, and what an image may take on one, in bytes."""
START_SECONDS = 120
SERVE = """
mount --bind {root} {at}; mount -o remount,ro,bind {at}
mount -t tmpfs tmpfs {at}/tmp; mount -t tmpfs -o mode=1777 tmpfs {at}/data
mount -t proc proc {at}/proc; mount --bind /dev {at}/dev
exec chroot --userspec=10001:10001 {at} env -i PATH=/opt/agentrun/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp \
    AGENTRUN_RECORDS=sqlite:////data/calls.sqlite3 \
    sh -c 'cd /srv && exec agentrun serve "$0" --mock-server {mock} --host 127.0.0.1 --port {port}' {spec}
"""


def run(*command: str | Path, quiet: bool = False) -> str:
    """What ``command`` prints, which is shown unless it is ``quiet``; ends the program where it fails."""
    print("+", shlex.join(map(str, command)))
    done = subprocess.run(command, stdout=subprocess.PIPE if quiet else None, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed with code {done.returncode}")
    return (done.stdout or "").strip()


def require_base(folder: Path, version: str) -> str:
    """The name of the base, which is made of Debian's packages unless it is there."""
    name = f"docker.io/library/python:{version}-slim"
    there = subprocess.run(["buildah", "images", "--quiet", name], capture_output=True, check=False)
    if there.returncode == 0:
        return name
    if version not in SUITES:
        sys.exit(f"Debian has no Python {version}: run this with {' or '.join(SUITES)}")
    tar = folder / "base.tar"
    without = [f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in ("man", "doc", "locale")]
    run("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", *without, SUITES[version], tar)
    base = run("buildah", "from", "scratch", quiet=True)
    run("buildah", "add", "--quiet", base, tar, "/", quiet=True)
    run("buildah", "config", "--env", f"PATH={PATH}", base)
    run("buildah", "commit", "--quiet", base, name, quiet=True)
    run("buildah", "rm", base, quiet=True)
    return name


@contextlib.contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The root of ``image``."""
    container = run("buildah", "from", "--pull=never", image, quiet=True)
    try:
        yield Path(run("buildah", "mount", container, quiet=True))
    finally:
        run("buildah", "rm", container, quiet=True)


def size(image: str) -> int:
    """Bytes of all files of ``image``."""
    with mounted(image) as root:
        paths = (path for path in root.rglob("*") if not path.is_symlink())
        return sum(path.stat().st_size for path in paths if path.is_file())


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def fetched(address: str) -> bytes:
    """What is at ``address``, on this machine; raises urllib.error.URLError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def used(process: int) -> float:
    """Seconds that ``process`` has had of processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(address: str) -> bool:
    """Whether somebody is there who can answer, if only that there is no such page."""
    try:
        fetched(address)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


@contextlib.contextmanager
def started(command: Sequence[str | Path], address: str) -> Iterator[int]:
    """The process of a program that answers at ``address``, until the block is over."""
    with subprocess.Popen(command) as process:
        try:
            end = time.monotonic() + START_SECONDS
            while process.poll() is None and time.monotonic() < end:
                if answers(address):
                    break
                time.sleep(0.2)
            else:
                sys.exit(f"nothing answers at {address}")
            yield process.pid
        finally:
            process.terminate()


def call(image: str, spec: str, scratch: Path) -> None:
    """Serve the root of ``image``, and call its agent; ends the program unless it answers."""
    openai, port, name = free_port(), free_port(), Path(spec).stem
    mock, url = f"http://127.0.0.1:{openai}", f"http://127.0.0.1:{port}"
    simulate: list[str | Path] = [AGENTRUN, "simulate", "--port", str(openai), "--spec", ROOT / spec]
    with mounted(image) as root, started(simulate, f"{mock}/v1/models"):
        script = SERVE.format(root=root, at=scratch, mock=mock, port=port, spec=shlex.quote(spec))
        began = time.monotonic()
        with started(["unshare", "--mount", "sh", "-ec", script], f"{url}/ready") as server:
            print(f"ready after {time.monotonic() - began:.1f} s, {used(server):.1f} s of a processor's time")
            told = json.loads(run(AGENTRUN, "call", f"{url}/{name}", "--wav", QUESTION, "--json", quiet=True))
            record = json.loads(fetched(f"{url}/{name}/calls/{told['call_sid']}"))
    print(json.dumps(told, indent=2, ensure_ascii=False))
    results = {each["name"]: each for each in record["transcript"] if each["who"] == "tool"}
    if name == "ncaa" and results.get("get_mens_basketball_scores", {}).get("status") != "ok":
        sys.exit(f"the record has no result of the tool: {results}")


def main() -> None:
    """Build, measure and call."""
    parser = argparse.ArgumentParser(description="Build an image, measure it, and call the agent in it.")
    parser.add_argument("spec", help="such as agents/ncaa.yaml, below this folder")
    parser.add_argument("--build-option", action="append", default=[], help="given to `buildah build`")
    parser.add_argument("--measure", action="store_true", help="call nobody, as a page has no telephone")
    given = parser.parse_args()
    os.chdir(ROOT)
    tag = f"agentrun-check-{Path(given.spec).stem}"
    with tempfile.TemporaryDirectory(prefix="agentrun-image-") as name:
        folder = Path(name)
        base = require_base(folder, f"{sys.version_info.major}.{sys.version_info.minor}")
        run(AGENTRUN, "build", given.spec, "--print", "--to", folder / "image")
        options = ["--layers", "--format", "docker", "--pull=never", "--isolation", "chroot"]
        run("buildah", "build", *options, *given.build_option, "--tag", tag, folder / "image")
        own = size(tag) - size(base)
        print(f"{own / 1e6:.0f} MB on the base; {(own + SLIM) / 1e6:.0f} MB on one of {SLIM / 1e6:.0f} MB")
        if own + SLIM > MOST:
            sys.exit(f"that is more than {MOST / 1e6:.0f} MB")
        (folder / "root").mkdir()
        if not given.measure:
            call(tag, given.spec, folder / "root")


if __name__ == "__main__":
    main()
