"""Replays a call with today's spec, and reports the differences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from agentrun import plugins
from agentrun.records import Entry, spec_snapshot
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.from_calls.record_to_test import Exchange, exchanges
from agentrun.testing.results.outcome import Outcome
from agentrun.testing.running import shared_servers as benches
from agentrun.testing.running import text_run
from agentrun.testing.running.shared_servers import Mode

_LONGEST = 200


@dataclass(frozen=True)
class Replayed:
    """``changed`` names what is no longer as it was in the spec, ``different`` what went otherwise.

    ``reworded`` are answers in other words, which with a real model says little.
    """

    changed: tuple[str, ...]
    different: tuple[str, ...]
    reworded: tuple[str, ...]
    turns: int


async def replay(
    record: Mapping[str, Any], scenario: Scenario, file: SpecFile, environ: Mapping[str, str], *, live: bool
) -> Replayed:
    """Play ``scenario``, made of ``record``, with the agent of ``file``: its model is asked with ``live``.

    Raises SpecError, PluginError or SetupError when today's agent can't be run.
    """
    changed = _changed(record.get("spec") or {}, spec_snapshot.take(file, plugins.load(file)))
    bare = replace(file, spec=file.spec.model_copy(update={"tests": ()}))
    async with benches.opened(environ, Mode(live=live)) as bench:
        outcome = await text_run.run(bench, bare, scenario, 0, str(file.path))
    then = exchanges([Entry(**entry) for entry in record["transcript"]])
    now = exchanges(outcome.conversation)
    different, reworded = list(_different(then, now)), list(_reworded(then, now))
    if not now[-1].entries and not different:
        different += _failures(outcome)
    return Replayed(tuple(changed), tuple(different), tuple(reworded), len(then))


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    if not then:
        return ["the record does not say what the call was run with: it is older than that"]
    return spec_snapshot.differences(then, now)


def _different(then: Sequence[Exchange], now: Sequence[Exchange]) -> Iterator[str]:
    """The tools that were called otherwise."""
    for number, (before, after) in enumerate(zip_longest(then, now, fillvalue=Exchange())):
        rest = [_key(call) for call in after.calls]
        missing = []
        for call in before.calls:
            if _key(call) in rest:
                rest.remove(_key(call))
            else:
                missing.append(call)
        more = [call for call in after.calls if _key(call) in rest]
        for one in missing:
            same = next((call for call in more if _key_of(call) == _key_of(one)), None)
            if same:
                more.remove(same)
                ended = f"was {one.status}, and is {same.status}: {same.text}"
                yield f"turn {number}: {_as_code(one)} {ended}"[:_LONGEST]
            else:
                yield f"turn {number}: {_as_code(one)} was called, and is not"
        yield from (f"turn {number}: {_as_code(call)} is called, and was not" for call in more)


def _reworded(then: Sequence[Exchange], now: Sequence[Exchange]) -> Iterator[str]:
    for number, (before, after) in enumerate(zip_longest(then, now, fillvalue=Exchange())):
        if before.answer.casefold() != after.answer.casefold():
            yield f"turn {number}: the answer was {_quoted(before.answer)}, and is {_quoted(after.answer)}"


def _key_of(call: Entry) -> tuple[str, str]:
    return call.name, json.dumps(call.arguments, sort_keys=True, default=str)


def _key(call: Entry) -> tuple[str, str, str]:
    """What makes two calls of a tool the same; when a caller cut one short is chance."""
    return *_key_of(call), "" if call.status == "cancelled" else call.status


def _as_code(call: Entry) -> str:
    return f"{call.name}({json.dumps(call.arguments, ensure_ascii=False, default=str)})"


def _quoted(words: str) -> str:
    return f"'{words[:_LONGEST]}'" if words else "silence"


def _failures(outcome: Outcome) -> list[str]:
    return [f"turn {failure.turn}: {failure.reason}" for failure in outcome.failures]
