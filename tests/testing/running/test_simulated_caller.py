"""A simulated caller calls as often as its test says, and each call has to be a success."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.spec import load
from agentrun.testing.results.outcome import Outcome
from agentrun.testing.running import judges, simulated_caller

SPEC = """
transport: local
prompts: You tell the hours.
tests:
  - {name: jamie, persona: Jamie., goal: Find out the hours., success: The hours were given., runs: 3}
"""


@pytest.mark.parametrize(
    ("passes", "status", "reasons", "shown"),
    [
        ([True, True, True], "passed", [], "call 3"),
        ([True, False, True], "failed", ["call 2 of 3: nobody knew"], "call 2"),
        ([False, True, False], "failed", ["call 1 of 3: nobody knew", "call 3 of 3: nobody knew"], "call 1"),
    ],
    ids=["all", "one-fails", "two-fail"],
)
async def test_every_call_of_a_simulated_caller_has_to_be_a_success(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    passes: list[bool],
    status: str,
    reasons: list[str],
    shown: str,
) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC)
    file = load(tmp_path / "desk.yaml")
    (test,) = file.spec.tests
    results = iter(passes)

    class Session:
        @classmethod
        def from_scenario(cls, *_: object, **__: object) -> Session:
            return cls()

        async def run(self) -> Any:
            return SimpleNamespace(passed=next(results), duration_ms=1000, turns=2, failure="nobody knew")

    monkeypatch.setattr(simulated_caller, "EvalSimulationSession", Session)
    monkeypatch.setattr(simulated_caller, "loaded", nothing_loaded)
    monkeypatch.setattr(judges, "judge", lambda *_: object())
    monkeypatch.setattr(judges, "caller", lambda *_: object())
    persona: Any = None
    outcome = Outcome("desk.yaml", "jamie", "skipped", 0, "desk.yaml:5")
    found = await simulated_caller.run(bench(), file, test, persona, outcome)
    assert (found.status, [failure.reason for failure in found.failures]) == (status, reasons)
    assert (found.seconds, found.turns, [*map(str, found.conversation)]) == (3.0, 6, [shown])


def bench() -> Any:
    """Servers at which each call's transcript is its number."""
    numbers = itertools.count(1)

    @contextlib.contextmanager
    def set_up(*_: object, **__: object) -> Iterator[str]:
        yield f"call {next(numbers)}"

    records = SimpleNamespace(get=lambda _, key: SimpleNamespace(transcript=[key]))
    return SimpleNamespace(address="", set_up=set_up, switchboard=SimpleNamespace(records=records))


@contextlib.asynccontextmanager
async def nothing_loaded(*_: object) -> AsyncIterator[Any]:
    """No cassette."""
    yield SimpleNamespace(base_url=None)
