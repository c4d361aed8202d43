"""Services as tables, for ``agentrun providers``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from agentrun.providers import installed
from agentrun.providers.service import Service, Setting

_PIPED_COLUMNS = 200
"""Wide enough that nothing is wrapped when the output is not a terminal."""
_MOST_CHOICES = 8


def table(services: Sequence[Service], environ: Mapping[str, str]) -> None:
    """A line for each service: its name, what it needs, and whether that is installed."""
    shown = _table("kind", "name", "extra", "variables", "installed", "keyed")
    for service in services:
        shown.add_row(
            service.kind,
            service.provider,
            ", ".join(service.extras) or "–",
            ", ".join(v.name for v in service.variables if v.required) or "–",
            _yes(installed.is_installed(service)),
            _yes(installed.is_keyed(service, environ)),
        )
    console = _console()
    console.print(shown)
    console.print(f"{len(services)} services; `agentrun providers NAME` shows the settings of one")


def details(services: Sequence[Service], environ: Mapping[str, str]) -> None:
    """Print what each service of one provider needs, and its settings."""
    console = _console()
    for place, service in enumerate(services):
        if place:
            console.print()
        usual = f"; its usual model is {service.model}" if service.model else ""
        console.print(f"{service.provider} for {service.kind}: {service.label}{usual}", style="bold")
        for line in _needs(service, environ):
            console.print(f"  {line}")
        shown = _table("setting", "type", "default", "meaning")
        variables = {variable.argument: f"${{{variable.name}}}" for variable in service.variables}
        for name, setting in service.settings.items():
            for row in _rows(name, setting, variables.get(name)):
                shown.add_row(*row)
        console.print(shown)


def _needs(service: Service, environ: Mapping[str, str]) -> list[str]:
    needs = []
    if not installed.is_installed(service):
        needs.append(f"not installed: {installed.command(service)}")
    for variable in service.variables:
        state = "set" if environ.get(variable.name) else "not set" if variable.required else "optional"
        needs.append(f"{variable.name}: {state}")
    return needs or ["needs no key"]


def _rows(name: str, setting: Setting, variable: str | None = None) -> list[tuple[str, str, str, str]]:
    """The row of a setting, then those of its fields; ``variable`` is where it comes from when left out."""
    default = variable or ("required" if setting.required else _written(setting.default))
    rows = [(name, _type(setting), default, setting.help)]
    for inner, field in setting.fields.items():
        rows += _rows(f"{name}.{inner}", field)
    return rows


def _type(setting: Setting) -> str:
    if setting.choices and len(setting.choices) <= _MOST_CHOICES:
        return " | ".join(map(str, setting.choices))
    return " | ".join((*setting.types, *setting.words))


def _written(value: object) -> str:
    """A default value as one would write it in a spec."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _yes(here: bool) -> str:
    return "yes" if here else "no"


def _table(*columns: str) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


def _console() -> Console:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_COLUMNS
    return Console(width=columns, highlight=False, markup=False)
