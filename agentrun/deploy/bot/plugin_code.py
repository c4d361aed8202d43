"""Uses of agentrun in plugin code that a plain bot can't provide, by file and line. Runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER

NAMES = frozenset({"Call", "NO_RESPONSE", "ToolError", "hookimpl", "tool"})
"""What ``agentrun.py`` beside the bot has."""
_PACKAGE = "agentrun"
NOWHERE = frozenset(
    {"client", "collect_digits", "hand_over", "line", "quiet", "send_digits", "stop_recording", "transfer"}
    | {"wait"}
)
"""What a call has here and not there."""
_SPOKEN = frozenset({"say", "hang_up"})
"""Words of ours need a voice, and a speech-to-speech model has only its own."""
_READ, _BEFORE = "agentrun_tools", "agentrun_call_before"


def problems(plan: Plan) -> Iterator[Problem]:
    """Of every file of the plugins that the agent names."""
    for path in _files(plan):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        missing = NOWHERE | (_SPOKEN if plan.realtime else frozenset())
        found = [*_imports(tree), *_methods(tree, missing), *_hooks(tree)]
        for node, message, hint, severity in sorted(found, key=lambda one: one[0].lineno):
            line, column = node.lineno, node.col_offset + 1
            yield Problem(str(path), line, column, "", message, hint, severity)  # type: ignore[arg-type]


_Finding = tuple[ast.stmt | ast.expr, str, str, str]


def _files(plan: Plan) -> list[Path]:
    folder = plan.file.project / FOLDER
    names = {tool.plugin for tool in plan.tools} | {use.use.partition(".")[0] for use in plan.spec.tools}
    files = [folder / f"{name}.py" for name in sorted(names)]
    files += [path for name in sorted(names) for path in sorted((folder / name).rglob("*.py"))]
    return [path for path in files if path.is_file()]


def _imports(tree: ast.Module) -> Iterator[_Finding]:
    """Imports that run in any case: not those for types alone, and not those that may fail."""
    for node in _always(tree.body):
        if isinstance(node, ast.Import):
            modules = [one.name for one in node.names]
            wrong = [name for name in modules if name.startswith(f"{_PACKAGE}.")]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            module = node.module
            names = [one.name for one in node.names if module != _PACKAGE or one.name not in NAMES]
            inside = module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
            wrong = [f"{module}.{name}" for name in names] if inside else []
        else:
            continue
        if wrong:
            words = f"imports '{wrong[0]}', which a plain bot doesn't have"
            yield (
                node,
                words,
                f"write it in the plugin; of agentrun it has {', '.join(sorted(NAMES))}",
                "error",
            )


def _always(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _always(node.orelse)
        elif not isinstance(node, ast.Try):
            yield node
            for inner in (getattr(node, "body", ()), getattr(node, "orelse", ())):
                yield from _always(inner)


def _methods(tree: ast.Module, missing: frozenset[str]) -> Iterator[_Finding]:
    """What is done on a call: on a parameter typed ``Call``, or on whatever is named ``call``."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = {one.arg for one in _parameters(function.args) if _is_call(one)}
        for node in ast.walk(function):
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            if node.attr in missing and node.value.id in names:
                alone = "; a speech-to-speech model has no voice for words of yours" * (node.attr in _SPOKEN)
                words = f"call.{node.attr} is nothing that a plain bot has{alone}"
                yield node, words, "do it with Pipecat in bot.py, and take it out here", "error"


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _is_call(argument: ast.arg) -> bool:
    if argument.annotation is None:
        return argument.arg == "call"
    names = {node.id for node in ast.walk(argument.annotation) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(argument.annotation) if isinstance(node, ast.Attribute)}
    texts = {
        node.value.rpartition(".")[2]
        for node in ast.walk(argument.annotation)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return "Call" in names | attributes | texts


def _hooks(tree: ast.Module) -> Iterator[_Finding]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name == _READ:
            continue
        if node.name == _BEFORE:
            words = f"{_BEFORE} looks callers up before the first word, and a plain bot asks nobody"
            yield node, words, "do it in `bot` of bot.py, and take it out here", "error"
        elif node.name.startswith("agentrun_"):
            yield node, f"{node.name} is left behind", "", "warning"
