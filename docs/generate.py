"""Writes the pages of the reference that come from the code: ``python docs/generate.py``.

``tests/docs/test_generated.py`` holds each page against what this would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

DOCS = Path(__file__).parent
BAD_SPECS = DOCS.parent / "tests" / "specs" / "bad"


def commands() -> str:
    """Every command with its usage, its help and its options."""
    from agentrun.cli.main import main

    lines = [
        "# Commands",
        "",
        "Every command has `--help`. Options can also be [variables](environment.md).",
        "",
    ]
    context = main.make_context("agentrun", [], resilient_parsing=True)
    for name in main.list_commands(context):
        if command := main.get_command(context, name):
            lines += _command(command, f"agentrun {name}", context)
    return "\n".join(lines).rstrip() + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield f"## `{name}`"
    yield ""
    yield from _help(command)
    if isinstance(command, click.Group):
        for inside in command.list_commands(context):
            if found := command.get_command(context, inside):
                yield from _command(found, f"{name} {inside}", context)
        return
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield from ("```text", usage, "```", "")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield from ("| option | meaning |", "|---|---|")
        yield from map(_option, options)
        yield ""


def _help(command: click.Command) -> Iterator[str]:
    text = (command.help or "").partition("\f")[0]
    for paragraph in filter(None, (" ".join(part.split()) for part in text.split("\n\n"))):
        yield _safe(paragraph.replace("\b", "").strip())
        yield ""


def _option(option: click.Option) -> str:
    record = option.get_help_record(click.Context(click.Command("x")))
    names, meaning = record or ("", "")
    return f"| `{names.replace('|', chr(92) + '|')}` | {_safe(meaning) or ' '} |"


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def metrics() -> str:
    """Every metric with its labels and what it counts."""
    from prometheus_client.metrics import MetricWrapperBase

    from agentrun.server.observability.metrics import Metrics

    names = ("on_begin", "on_leave", "on_end")
    admission = SimpleNamespace(on_refusal=lambda _told: None)
    switchboard: Any = SimpleNamespace(
        plans={}, admission=admission, **dict.fromkeys(names, lambda _told: None)
    )
    all_metrics = Metrics(switchboard)
    parts = (*vars(all_metrics).values(), *vars(all_metrics.models).values())
    built = [each for each in parts if isinstance(each, MetricWrapperBase)]
    lines = [
        "# Metrics",
        "",
        "`GET /metrics` gives these, in Prometheus's text format. Times are in seconds.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for each in sorted(built, key=lambda metric: metric._name):
        name = f"{each._name}_total" if each._type == "counter" else each._name
        labels = ", ".join(f"`{label}`" for label in each._labelnames)
        lines.append(f"| `{name}` | {each._type} | {labels or 'none'} | {_safe(each._documentation)} |")
    return "\n".join(lines) + "\n"


def messages() -> str:
    """Each kind of mistake in a spec, with the spec and what ``check`` says."""
    lines = [
        "# Messages of `check`",
        "",
        "Each of these specs has one mistake of its kind; below it is what `agentrun check` prints.",
        "",
    ]
    for path in sorted(BAD_SPECS.glob("*.txt")):
        source = path.with_suffix(".yaml")
        if not source.exists() or len(source.read_bytes()) > 700:
            continue
        try:
            text = source.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        lines += [f"## {path.stem.replace('-', ' ')}", "", "```yaml", text.rstrip(), "```", ""]
        lines += ["```text", path.read_text(encoding="utf-8").rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def keys() -> str:
    """Every key of a spec, from the models."""
    from agentrun.spec.reference import json_schema, markdown

    return markdown.of(json_schema.of_spec())


def faults() -> str:
    """What a caller hears of each fault, from the table that the tests go through."""
    import sys

    sys.path.insert(0, str(DOCS.parent))
    from tests.calls.fault_table import page

    return page()


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/commands.md": commands,
    "reference/faults.md": faults,
    "reference/metrics.md": metrics,
    "reference/messages.md": messages,
    "reference/spec.md": keys,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
