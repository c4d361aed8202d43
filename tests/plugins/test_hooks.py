"""What a plugin may get wrong in its hook, and what it is told."""

from __future__ import annotations

import pytest

from agentrun.errors import PluginError
from tests.plugins.conftest import Project

HEAD = '''
from agentrun import Call, hookimpl, tool

def fine() -> str:
    """Answer."""
    return "yes"

def bare(x: int) -> str:
    return "yes"

def untyped(x) -> str:
    """Answer."""

@tool(name="a name")
def spaced() -> str:
    """Answer."""

@tool(name="fine")
def again() -> str:
    """Answer."""

async def started() -> str:
    """Answer."""

class Box:
    def method(self, n: int) -> str:
        """Answer."""
        return "yes"

'''


def told(project: Project, hook: str) -> tuple[str, str]:
    path = project.write("desk.py", HEAD + hook)
    with pytest.raises(PluginError) as caught:
        project.load("desk")
    assert caught.value.message.startswith(f"plugin 'desk' ({path}): ")
    return caught.value.message.partition("): ")[2], caught.value.hint


@pytest.mark.parametrize(
    ("hook", "message", "hint"),
    [
        (
            "@hookimpl\ndef agentrun_tool(): return [fine]",
            "'agentrun_tool' is not a hook",
            "'agentrun_tools'?",
        ),
        (
            "@hookimpl\ndef zzz(): return [fine]",
            "'zzz' is not a hook of agentrun",
            "the hooks are: agentrun_tools",
        ),
        (
            "@hookimpl\ndef agentrun_tools(spec): return []",
            "agentrun_tools is given no argument 'spec'",
            "write def agentrun_tools():",
        ),
        (
            "@hookimpl\ndef agentrun_call_started(cal): pass",
            "agentrun_call_started is given no argument 'cal'",
            "it may take: call",
        ),
        (
            "@hookimpl\nasync def agentrun_tools(): return [fine]",
            "agentrun_tools is `async def`, and nobody awaits it",
            "write def, without async",
        ),
        ("def agentrun_tools(): return [fine]", "implements no hook", "marked @hookimpl"),
        (
            "@hookimpl\ndef agentrun_tools(): return fine",
            "agentrun_tools returned function, not a list",
            "list",
        ),
        ("@hookimpl\ndef agentrun_tools(): return 'fine'", "agentrun_tools returned str, not a list", "list"),
        (
            "@hookimpl\ndef agentrun_tools(): yield fine",
            "agentrun_tools returned generator, not a list",
            "list",
        ),
        ("@hookimpl\ndef agentrun_tools(): return []", "agentrun_tools names no tools", "list of functions"),
        ("@hookimpl\ndef agentrun_tools(): pass", "agentrun_tools names no tools", "list of functions"),
        (
            "@hookimpl\ndef agentrun_tools(): return ['fine']",
            "names 'fine', which is not a function",
            "list of",
        ),
        ("@hookimpl\ndef agentrun_tools(): return [Box]", "which is not a function", "list of"),
        (
            "@hookimpl\ndef agentrun_tools(): return [fine()]",
            "names 'yes', which is not a function",
            "list of",
        ),
        (
            "@hookimpl\ndef agentrun_tools(): return [lambda: 1]",
            "plugins/desk.py:31: a lambda has no name",
            "write a def",
        ),
        (
            "@hookimpl\ndef agentrun_tools(): return 1 / 0",
            "agentrun_tools raised ZeroDivisionError",
            "no more",
        ),
        (
            "@hookimpl\ndef agentrun_tools(): raise SystemExit(7)",
            "agentrun_tools raised SystemExit: 7",
            "no more",
        ),
        (
            "@hookimpl\ndef agentrun_tools(): return [bare]",
            "plugins/desk.py:8: bare has no docstring",
            "what it",
        ),
        (
            "@hookimpl\ndef agentrun_tools(): return [untyped]",
            "plugins/desk.py:11: untyped has no type",
            "x: str",
        ),
        ("@hookimpl\ndef agentrun_tools(): return [spaced]", "'a name' can't be a tool's name", "at most 64"),
        (
            "@hookimpl\ndef agentrun_tools(): return [fine, again]",
            "two tools are called 'fine': plugins/desk.py:4 and plugins/desk.py:18",
            "@tool(name=…)",
        ),
    ],
)
def test_a_wrong_hook_is_told_what_to_write(project: Project, hook: str, message: str, hint: str) -> None:
    told_message, told_hint = told(project, hook)
    assert message in told_message
    assert hint in told_hint


def test_a_function_that_was_called_is_pointed_at(project: Project) -> None:
    hook = "@hookimpl\ndef agentrun_tools():\n    begun = started()\n    begun.close()\n    return [begun]"
    assert told(project, hook)[1] == "name the function itself, without calling it"


def test_a_method_is_a_tool_too(project: Project) -> None:
    project.write("desk.py", HEAD + "@hookimpl\ndef agentrun_tools(): return (Box().method,)")
    [tool] = project.load("desk")
    assert (tool.name, list(tool.parameters["properties"])) == ("method", ["n"])
