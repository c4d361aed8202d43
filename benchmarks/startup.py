"""What starting costs: the help, a check, and a server that is ready; each beside what it can't do without.

``python benchmarks/startup.py [RUNS]``: seconds of CPU, user and system, the least of RUNS (7 by default),
for a busy machine only adds to them. What was cut from the start:

- ``agentrun`` names ``Call``, ``tool`` and ``hookimpl`` and imports them when they are asked for: ``--help``
  needs click alone.
- A check imports Jinja2 for a spec with templates, JMESPath for one with HTTP tools, the built-in tools that
  it names, and no httpx. Models of a spec are built when it is read, and modules are imported without
  collections; Pydantic looks for no plugins of its own.
- A server imports and begins without collections, which took a tenth of it. It runs no model to try it,
  copies none to cut it, and leaves PostgreSQL's part of SQLAlchemy to whoever has a PostgreSQL.
  OpenAI's and WebSocket clients share a TLS context. A supervisor of workers imports no Pipecat at all.
- A server waits for the speech that it prepares for all agents at once, and for at most 3 s.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
AGENTRUN = [sys.executable, "-m", "agentrun"]
BARE = [sys.executable, "-c", "import click, yaml, pydantic, pluggy"]
SERVE = [*AGENTRUN, "serve", "agents/ncaa.yaml", "--port", "0", "--insecure", "--records", "none"]
ENVIRON = {**os.environ, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
ENVIRON.pop("PYTHONDONTWRITEBYTECODE", None)
"""Without it: compiling every module at every start is not what users do."""
IMPORT = """
import contextlib, importlib
for name in {names}:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
"""
READY = re.compile(r"http://127\.0\.0\.1:\d+")
MOST_SECONDS = 60.0


def cpu(command: list[str]) -> float:
    """Seconds of CPU that ``command`` takes to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def served(*options: str) -> tuple[float, str]:
    """Seconds of CPU until the server prints its address, and what it printed until it ended."""
    command = [SERVE[0], *options, *SERVE[1:]]
    server = subprocess.Popen(
        command, cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout is not None
    printed, end, used = "", time.monotonic() + MOST_SECONDS, 0.0
    try:
        while not READY.search(printed):
            line = server.stdout.readline()
            if not line or time.monotonic() > end:
                raise SystemExit(f"the server did not start:\n{printed}")
            printed += line if not line.startswith("import time") else ""
            used = _used(server.pid)
            if options and "pipecat" in line:
                printed += line
    finally:
        server.terminate()
        server.communicate(timeout=MOST_SECONDS)
    return used, printed


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pipecat_modules() -> list[str]:
    """The modules of Pipecat that a server of the example has imported when it is ready."""
    _, printed = served("-X", "importtime")
    return sorted(set(re.findall(r"\|\s+(pipecat[\w.]*)\n", printed)))


def main(runs: int) -> None:
    bare = min(cpu(BARE) for _ in range(runs))
    print(f"import click, yaml, pydantic, pluggy  {bare:.2f} s")
    for words, extra in ((["--help"], 0.0), (["check", "agents/ncaa.yaml"], bare)):
        seconds = min(cpu([*AGENTRUN, *words]) for _ in range(runs))
        more = f", {seconds - extra:.2f} s above these imports" if extra else ""
        print(f"agentrun {' '.join(words)}  {seconds:.2f} s{more}")
    # some fail for want of an extra, in the server too
    importing = [sys.executable, "-W", "ignore", "-c", IMPORT.format(names=pipecat_modules())]
    pipecat = min(cpu(importing) for _ in range(max(1, runs // 2)))
    ready = min(served()[0] for _ in range(max(1, runs // 2)))
    print(f"import what a server needs of Pipecat  {pipecat:.2f} s")
    print(f"agentrun serve, ready  {ready:.2f} s: {ready / pipecat:.2f} times as much")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
