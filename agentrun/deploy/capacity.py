"""How many calls a replica carries and what they need, from the results of `agentrun bench`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from agentrun.errors import SetupError

ASSUMED_CALLS = 10
"""Calls that a replica with one processor takes, until somebody has measured its agent."""
FULL_SHARE = 0.75
"""Of a processor: calls speak at the same moment, and need the rest then. As `--max-calls auto` has it."""
HELD_MS = 100
"""How much longer than one call's the answers of many may take, at the 95th percentile."""
PROCESS_MB = 512
"""For a process without calls, with Pipecat and the models of turns loaded."""
STEP_MB = 128
MOST_BYTES = 1024 * 1024
_EXAMPLE = "write it with: agentrun bench SPEC --calls 20 --json > bench.json"


@dataclass(frozen=True)
class Capacity:
    """``calls`` of one replica with one processor, and the memory that they take, in MB.

    ``measured`` tells figures of `agentrun bench` from what is assumed without any. ``bound`` is how many
    calls the processor would have room for where fewer were measured.
    """

    calls: int = ASSUMED_CALLS
    memory_mb: int = 1024
    measured: bool = False
    bound: int | None = None


class _Percentiles(BaseModel):
    p95: Annotated[float, Field(ge=0)] | None = None


class _Load(BaseModel):
    calls: Annotated[int, Field(ge=1, le=100_000)]
    answers: _Percentiles
    gaps_ms: list[float]
    failures: list[str]
    core_share_a_call: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None
    memory_mb_a_call: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None


class _Result(BaseModel):
    target: str
    alone: _Load
    together: _Load


def of(paths: Sequence[Path]) -> Capacity:
    """What a replica takes by the results at ``paths``: the agent that needs most counts.

    Raises SetupError for a file that is none, and for calls that were not held.
    """
    every = [_capacity(path, _read(path)) for path in paths]
    if not every:
        return Capacity()
    fewest = min(every, key=lambda one: one.calls)
    return Capacity(fewest.calls, max(one.memory_mb for one in every), measured=True, bound=fewest.bound)


def _read(path: Path) -> _Result:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}", _EXAMPLE) from None
    if len(text) > MOST_BYTES:
        raise SetupError(f"{path} has more than {MOST_BYTES} bytes: it is not a result of a bench", _EXAMPLE)
    try:
        return _Result.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        where = error.errors()[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, where['loc']))}: {where['msg']}" if where else "it is not JSON"
        raise SetupError(f"{path} is not a result of `agentrun bench --json`: {what}", _EXAMPLE) from None


def _capacity(path: Path, result: _Result) -> Capacity:
    load = result.together
    _require_held(path, result)
    if load.core_share_a_call is None or load.memory_mb_a_call is None:
        raise SetupError(
            f"{path} does not say what a call takes of a processor, for the server was another's",
            "give `agentrun bench` a SPEC and no URL",
        )
    room = math.floor(FULL_SHARE / load.core_share_a_call + 1e-6)
    if room < 1:
        words = f"{path}: a call takes {load.core_share_a_call:g} of a processor, and a replica has one"
        raise SetupError(words, "have replicas with more of them, by a chart of your own")
    calls = min(room, load.calls)
    memory = PROCESS_MB + calls * load.memory_mb_a_call
    rounded = math.ceil(memory / STEP_MB) * STEP_MB
    return Capacity(calls, rounded, measured=True, bound=room if room > calls else None)


def _require_held(path: Path, result: _Result) -> None:
    """Raise SetupError where that many calls were not held: the figures are no measure of a good day."""
    load, alone = result.together, result.alone
    slow = (load.answers.p95 or 0) - (alone.answers.p95 or 0)
    wrong = (
        f"{len(load.failures)} failed" if load.failures
        else "gaps were heard" if load.gaps_ms
        else f"answers took {slow:g} ms longer than one call's" if slow > HELD_MS
        else ""
    )  # fmt: skip
    if wrong:
        raise SetupError(
            f"{path}: of {load.calls} calls at once {wrong}, so that many are not held",
            "measure with fewer --calls, on a machine that does nothing else",
        )
