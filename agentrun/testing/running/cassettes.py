"""Records a test's exchanges with its provider, or replays them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from agentrun.errors import SetupError
from agentrun.simulate.cassette import Replay, Tape, recording, replaying
from agentrun.simulate.cassette.tape import path_of
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.running.shared_servers import SharedServers

OPENAI = "https://api.openai.com/v1"


@dataclass
class CassetteLibrary:
    """``base_url`` is where the services ask, None for their own; ``misfits`` is what was not recorded."""

    base_url: str | None = None
    misfits: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def loaded(
    bench: SharedServers, file: SpecFile, scenario: Scenario, depth: str
) -> AsyncIterator[CassetteLibrary]:
    """The deck of a test while the block runs; a recorded cassette is written at its end.

    Raises SetupError when there is no cassette to replay, or the services are not OpenAI's.
    """
    style = file.spec.pipeline.style if depth == "text" else f"{file.spec.pipeline.style}-audio"
    path = path_of(file.path, style, scenario.name)
    if bench.mode.replay:
        try:
            replay = Replay(Tape.read(path))
        except FileNotFoundError:
            hint = f"agentrun test {file.path} --live --record -k {scenario.name}"
            raise SetupError(f"there is no cassette {path}", hint) from None
        except (KeyError, TypeError, ValueError) as error:
            raise SetupError(f"{path} is not a cassette: {error}", "record it again") from None
        async with replaying(replay) as base_url:
            yield CassetteLibrary(base_url, replay.misfits)
    elif bench.mode.record:
        _require_openai(file)
        tape = Tape()
        async with recording(tape, bench.environ.get("OPENAI_BASE_URL") or OPENAI) as base_url:
            yield CassetteLibrary(base_url)
        tape.write(path)
    else:
        yield CassetteLibrary()


def _require_openai(file: SpecFile) -> None:
    pipeline = file.spec.pipeline
    parts = (
        [pipeline.realtime] if pipeline.style == "realtime" else [pipeline.stt, pipeline.llm, pipeline.tts]
    )
    for part in parts:
        if part and part.provider != "openai":
            raise SetupError(
                f"{file.path}: {part.provider} can't be recorded", "only OpenAI's services can be, for now"
            )
