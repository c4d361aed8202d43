"""Compiles the modules that a server of agents imports; a step of the image build.

    python -m agentrun.host.compiling agents/desk.yaml

Packages are installed there without compiled files, which would be 100 MB, and Python's own images have
none of the standard library: without this step each start would compile what it imports.
"""

from __future__ import annotations

import asyncio
import importlib.util
import py_compile
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import agentrun
from agentrun import plugins, spec
from agentrun.errors import AgentRunError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_LATER = (
    "agentrun.cli.commands.serve",
    "agentrun.cli.output.server_screen",
    "agentrun.server.lifecycle.startup",
    # what is imported when the first request or call needs it
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvloop",
)
_NO_CALLS = ("cli", "deploy", "simulate", "testing")
"""Packages of agentrun of which a server imports only a little."""
_TRANSPORTS = {
    "daily": "agentrun.transports.daily",
    "local": "agentrun.server.browser.offers",
    "twilio": "agentrun.transports.twilio",
}
"""Modules of each transport, by its type in a spec; `local` on a server is a browser."""


def main(paths: Sequence[Path]) -> None:
    """Compile the modules that a server of the specs at ``paths`` imports, and print how many.

    Raises what `agentrun check` raises for the specs; SetupError for a service whose library is missing.
    """
    for path in paths:
        file = spec.load(path)
        plan = planning.make(file, plugins.load_all(file).tools, {})
        _load_services(plan)
        _load_transports(plan)
    for name in _LATER:
        import_module(name)
    _open_store()
    asyncio.run(_run_models())
    compiled = sum(compile_file(path) for path in sorted({*_imported(), *_package_files()}))
    print(f"compiled {compiled} modules")  # noqa: T201


def compile_file(path: Path) -> bool:
    """Compile the module at ``path``; False if it is compiled already, or can't be.

    What is compiled holds for the text of the file and not for its time, which copying may change.
    """
    target = Path(importlib.util.cache_from_source(str(path)))
    if target.exists():
        return False
    checked = py_compile.PycInvalidationMode.CHECKED_HASH
    try:
        py_compile.compile(str(path), str(target), doraise=True, invalidation_mode=checked)
    except (OSError, py_compile.PyCompileError):
        return False
    return True


def _load_services(plan: Plan) -> None:
    """Import the classes that calls of ``plan``, and of the agents it hands over to, are made of."""
    from agentrun.pipeline.services import construct

    for one in plan.everyone:
        parts = [part for part in (one.stt, one.llm, one.tts, one.realtime, one.fixed) if part]
        for each in (each for part in parts for each in (part, *part.fallback)):
            if each.service:
                construct.load(each.service)


def _load_transports(plan: Plan) -> None:
    """Import what brings the sound of its calls, which a server does when the first of them comes."""
    for name in {_TRANSPORTS[transport.type] for transport in plan.transports}:
        import_module(name)


def _open_store() -> None:
    """Import what keeps records, and brings a store up to date."""
    from agentrun.records.store.store import Store

    Store("sqlite://").close()


async def _run_models() -> None:
    """Run the models of voice and turns once, which also shows that they can be run here."""
    from openai import AsyncOpenAI

    from agentrun.pipeline.services.shared_resources import Resources

    async with Resources() as resources:
        resources.try_models()
        _look_up_resources(AsyncOpenAI(api_key="-", http_client=resources.http_client))


def _look_up_resources(client: AsyncOpenAI) -> list[object]:
    """What the client imports when it is asked for it; nothing is requested."""
    return [client.chat.completions, client.audio.speech, client.audio.transcriptions, client.responses]


def _imported() -> Iterator[Path]:
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if name and name.endswith(".py"):
            yield Path(name)


def _package_files() -> Iterator[Path]:
    """What calls are made of in this package: much of it is imported by the first that needs it."""
    folder = Path(agentrun.__file__).parent
    return (path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in _NO_CALLS)


if __name__ == "__main__":
    try:
        main([Path(name) for name in sys.argv[1:]])
    except AgentRunError as error:
        sys.exit(str(error))
