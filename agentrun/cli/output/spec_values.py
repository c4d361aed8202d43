"""The effective values of a spec, and where each comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agentrun.cli.output.printable_console import PrintableConsole
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.spec.checks.secret_keys import names_a_secret
from agentrun.spec.loading.spec_file import SpecFile, Where, dotted
from agentrun.spec.values.durations import is_duration

_LONGEST = 70
_ELSEWHERE = ("pipeline", "tests", "name", "description")
HEARS = {"cascaded": "caller → stt → turns → llm → tts → caller", "realtime": "caller → realtime → caller"}


def show(plan: Plan) -> None:
    """Print the plan: the pipeline in order, the values with their origins, tools, and addresses."""
    console = PrintableConsole(markup=True, soft_wrap=True)
    spec = plan.spec
    console.print(f"\n[bold]{spec.name}[/] ({escape(str(plan.file.path))}): {HEARS[spec.pipeline.style]}")
    console.print(_pipeline(plan))
    console.print(_values(plan.file))
    console.print(_tools(plan))
    for kind, address in _addresses(plan):
        console.print(f"{kind}: {address}", markup=False)


def _pipeline(plan: Plan) -> Table:
    table = _table("part", "setting", "value", "from")
    for part in (plan.stt, plan.llm, plan.tts, plan.realtime):
        if part is None:
            continue
        where: Where = ("pipeline", part.kind)
        _add(table, part.kind, "model", f"{part.provider}/{part.model}", _origin(plan, where, "model"))
        for key, value in _settings(part).items():
            _add(table, "", key, _words(value), _origin(plan, where, key))
    return table


def _settings(part: ServicePlan) -> Mapping[str, Any]:
    return {**part.settings, **({"base_url": part.base_url} if part.base_url else {})}


def _origin(plan: Plan, where: Where, key: str) -> str:
    for at in ((*where, key), where):
        if at in plan.file.places and (at != where or key == "model"):
            return _place(plan.file, at)
    if key == "base_url":
        return "$OPENAI_BASE_URL"
    return "turns.detection" if key == "turn_detection" else "default"


def _values(file: SpecFile) -> Table:
    table = _table("value", "is", "from")
    for where, value in _leaves(file.spec, ()):
        if where[0] in _ELSEWHERE:
            continue
        shown = "•••" if names_a_secret(f"{where[-1]}:") else _words(value)
        _add(table, dotted(where), shown, _from(file, where))
    return table


def _leaves(value: Any, where: Where) -> Iterator[tuple[Where, Any]]:
    """Every value that stands for itself; a list of one is written without its number."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inside = getattr(value, name)
            if isinstance(inside, float) and is_duration(field):
                inside = f"{inside:g}s"
            yield from _leaves(inside, (*where, name))
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for index, item in enumerate(value):
            yield from _leaves(item, (*where, index))
    elif value not in (None, (), {}):
        yield where, value


def _from(file: SpecFile, where: Where) -> str:
    """The place of a value, of the short word that stands for its mapping, or ``default``."""
    without = tuple(part for part in where if not isinstance(part, int))
    for at in (where, without, where[:-1], without[:-1]):
        short = at in (where[:-1], without[:-1]) and where[-1] not in ("type", "system", "use", "after")
        if at and not short and at in file.places:
            return _place(file, at)
    return "default"


def _place(file: SpecFile, where: Where) -> str:
    place = file.places[where]
    return f"{place.path}:{place.line}" if place.line else place.path


def _tools(plan: Plan) -> Table:
    table = _table("tool", "timeout", "on interrupt", "parameters")
    for tool in plan.tools:
        schema = json.dumps(tool.parameters, ensure_ascii=False)
        _add(table, tool.name, f"{tool.timeout:g} s", tool.on_interrupt, schema)
    return table


def _addresses(plan: Plan) -> Iterator[tuple[str, str]]:
    base = (plan.public_url or "http://127.0.0.1:7860").rstrip("/")
    for transport in plan.transports:
        kind = transport.type
        yield (
            kind,
            {
                "twilio": f"POST {base}/{plan.spec.name}/twilio/voice",
                "daily": f"POST {base}/{plan.spec.name}/daily/start",
                "local": f"{base}/#{plan.spec.name}",
            }[kind],
        )


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… ({len(text)} characters)"


def _add(table: Table, *cells: str) -> None:
    """A table row of plain text: square brackets are not markup."""
    table.add_row(*map(Text, cells))


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, header_style="dim", title_justify="left")
