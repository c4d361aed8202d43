"""Calls that block the event loop are found in the source of a tool, and nothing else is."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrun import plugins, spec
from agentrun.plugins import blocking_calls
from agentrun.plugins.call_hooks import CallHooks
from agentrun.tools.build import build

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio
import functools
import sqlite3
import subprocess
import time
import urllib.request
from time import sleep as nap
from urllib import request as web

import httpx

CLIENT = httpx.Client()


def fetch(url):
    return urllib.request.urlopen(url)


def deep(url):
    return fetch(url)


async def pause():
    time.sleep(1)


def again(url):
    again(url)
    return httpx.get(url)
"""


@pytest.fixture
def tool_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Makes a function of a module's text; its name is ``work``."""

    def make(body: str, head: str = "async def work(url: str = '')") -> Any:
        path = tmp_path / "module_of_a_tool.py"
        path.write_text(f"{HEAD}\n\n{head}:\n    '''Work.'''\n{textwrap.indent(body, '    ')}\n")
        found = importlib.util.spec_from_file_location(path.stem, path)
        assert found
        assert found.loader
        module = importlib.util.module_from_spec(found)
        monkeypatch.setitem(sys.modules, path.stem, module)
        found.loader.exec_module(module)
        return module.work

    return make


def names(function: Any) -> list[str]:
    return [call.name for call in blocking_calls.search(function)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("time.sleep(1)", "time.sleep"),
        ("nap(1)", "time.sleep"),
        ("import time as clock\nclock.sleep(1)", "time.sleep"),
        ("wait = time.sleep\nwait(1)", "time.sleep"),
        ("import requests\nreturn requests.get(url).json()", "requests.get"),
        ("from requests import Session\nwith Session() as s:\n    s.post(url)", "requests.Session().post"),
        ("return httpx.post(url, json={})", "httpx.post"),
        ("return CLIENT.get(url)", "httpx.Client().get"),
        ("with httpx.Client() as client:\n    client.get(url)", "httpx.Client().get"),
        ("return httpx.Client(timeout=3).get(url)", "httpx.Client().get"),
        ("return web.urlopen(url).read()", "urllib.request.urlopen"),
        ("return subprocess.run(['ls']).stdout", "subprocess.run"),
        ("return subprocess.Popen(['ls']).communicate()", "subprocess.Popen().communicate"),
        ("import socket\nsocket.create_connection(('a', 1))", "socket.create_connection"),
        ("import socket\ns = socket.socket()\ns.connect(('a', 1))", "socket.socket().connect"),
        ("sqlite3.connect('a.db')", "sqlite3.connect"),
        ("import psycopg\npsycopg.connect(url)", "psycopg.connect"),
        ("import boto3\ns3 = boto3.client('s3')\ns3.put_object(Bucket='a')", "boto3.client().put_object"),
        ("import openai\nopenai.OpenAI().responses.create()", "openai.OpenAI().responses.create"),
        ("return [fetch(each) for each in url]", "urllib.request.urlopen"),
        ("return deep(url)", "urllib.request.urlopen"),
        ("await pause()", "time.sleep"),
        ("await asyncio.gather(pause(), pause())", "time.sleep"),
        ("return again(url)", "httpx.get"),
        ("def inner():\n    nap(1)\ninner()", "time.sleep"),
        ("if url:\n    try:\n        nap(1)\n    finally:\n        pass", "time.sleep"),
        ("await asyncio.to_thread(print, nap(1))", "time.sleep"),
    ],
)
def test_a_blocking_call_is_found(tool_of: Callable[..., Any], body: str, name: str) -> None:
    assert names(tool_of(body)) == [name]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(1)",
        "await asyncio.to_thread(time.sleep, 1)",
        "await asyncio.to_thread(fetch, url)",
        "await asyncio.to_thread(lambda: CLIENT.get(url))",
        "await asyncio.to_thread(functools.partial(httpx.get, url))",
        "def inner():\n    nap(1)\nawait asyncio.to_thread(inner)",
        "await asyncio.get_running_loop().run_in_executor(None, fetch, url)",
        "async with httpx.AsyncClient() as client:\n    await client.get(url)",
        "client = httpx.Client()\nclient.close()\nCLIENT.headers.update({})",
        "time = url\ntime.sleep(1)",
        "for time in url:\n    time.sleep(1)",
        "with open(url) as time:\n    time.sleep(1)",
        "class time:\n    sleep = print\ntime.sleep(1)",
        "def nap(_):\n    return 1\nnap(1)",
        "CLIENT = url\nCLIENT.get(1)",
        "from .time import sleep\nsleep(1)",
        "return open(url).read()",
        "await nap(1)",
        "nap(1)  # noqa: ASYNC251",
        "nap(1)  # noqa",
        "subprocess.Popen(['ls'])",
        "url.get(1)",
    ],
)
def test_what_does_not_block_is_not_named(tool_of: Callable[..., Any], body: str) -> None:
    assert names(tool_of(body)) == []


def test_a_line_for_another_linter_is_named_still(tool_of: Callable[..., Any]) -> None:
    assert names(tool_of("nap(1)  # noqa: S101")) == ["time.sleep"]


@pytest.mark.parametrize("head", ["async def work(nap)", "async def work(*nap)", "def work(url='')"])
def test_a_parameter_hides_a_name_and_a_plain_function_has_a_thread(
    tool_of: Callable[..., Any], head: str
) -> None:
    assert names(tool_of("nap(1)", head)) == []


def test_a_decorated_function_and_one_inside_another_are_found(tool_of: Callable[..., Any]) -> None:
    outer = tool_of(
        "import time as clock\nasync def inner():\n    clock.sleep(1)\nreturn inner", "def work()"
    )
    assert names(outer()) == ["time.sleep"]
    wrapped = tool_of(
        "nap(1)", "@functools.wraps(pause)\n@functools.cache\nasync def other(): ...\n\n\nasync def work()"
    )
    assert names(wrapped) == ["time.sleep"]


def test_the_place_is_that_of_the_call_and_names_the_function_that_holds_it(
    tool_of: Callable[..., Any],
) -> None:
    [call] = blocking_calls.search(tool_of("return deep(url)"))
    line = HEAD.splitlines().index("    return urllib.request.urlopen(url)") + 1
    assert (call.line, call.column, call.helper) == (line, 12, "fetch")


def test_a_function_without_a_source_has_none() -> None:
    space: dict[str, Any] = {}
    exec("import time\nasync def work():\n    time.sleep(1)", space)  # noqa: S102
    assert names(space["work"]) == []
    assert names(len) == []


def test_a_warning_names_the_line_the_call_what_it_costs_and_what_to_write(
    tool_of: Callable[..., Any],
) -> None:
    [problem] = blocking_calls.problems([build(tool_of("nap(1)"), "desk")])
    assert (problem.severity, problem.column) == ("warning", 5)
    assert problem.message.startswith(
        "'time.sleep' blocks the event loop: until it returns, no other async code"
    )
    assert problem.hint.startswith("write `def work` without `async`")
    assert "asyncio.sleep" in problem.hint
    assert "asyncio.to_thread(time.sleep, ...)" in problem.hint


@pytest.mark.parametrize("path", sorted((ROOT / "agents").glob("*.yaml")), ids=lambda path: path.name)
def test_no_tool_of_the_examples_blocks(path: Path) -> None:
    if path.name.endswith(".tests.yaml"):
        return
    tools = plugins.load(spec.load(path))
    assert list(blocking_calls.problems(tools)) == []


DESK = """
class Other:
    pause = time.sleep


class Desk:
    web = requests.Session()

    def __init__(self):
        self.client = httpx.Client()
        self.either = httpx.Client()
        self.calm = httpx.AsyncClient()

    def change(self):
        self.either = None or object()

    def fetch(self):
        return self.client.get("https://example.com")

    def deep(self):
        return self.fetch()

    @staticmethod
    def wait(self):
        self.fetch()

    async def work(self):
        BODY


DESK = Desk()
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("self.fetch()", ["httpx.Client().get"]),
        ("self.deep()", ["httpx.Client().get"]),
        ("Desk().deep()", ["httpx.Client().get"]),
        ("DESK.fetch()", ["httpx.Client().get"]),
        ("self.client.post('x')", ["httpx.Client().post"]),
        ("self.web.get('x')", ["requests.Session().get"]),
        ("def inner():\n            self.fetch()\n        inner()", ["httpx.Client().get"]),
        ("await self.calm.get('x')", []),
        ("self.either.get('x')", []),
        ("self.wait(object())", []),
        ("await asyncio.to_thread(self.fetch)", []),
        ("self.nothing()", []),
        ("Other().pause(1)", ["time.sleep"]),
    ],
)
def test_methods_and_what_a_class_keeps_are_followed(
    tool_of: Callable[..., Any], body: str, found: list[str]
) -> None:
    text = DESK.replace("BODY", body)
    work = tool_of("return Desk().work", f"import requests\n{text}\n\ndef work()")()
    assert names(work) == found


def test_a_function_that_calls_a_method_is_followed(tool_of: Callable[..., Any]) -> None:
    text = DESK.replace("BODY", "pass")
    assert names(tool_of("DESK.fetch()", f"import requests\n{text}\n\nasync def work()")) == [
        "httpx.Client().get"
    ]


FILES = {
    "plugins/desk/__init__.py": """
from agentrun import hookimpl
from . import web
from . import store as kept
from .web import CLIENT, fetch
from .web import Desk as Counter
from .back import DESK
from .inner.deep import through
from .gone import nothing
from .broken import wrong

NAMES = ["one"]

async def work():
    '''Work.'''
    BODY

@hookimpl
def agentrun_tools():
    return [work]

@hookimpl
async def agentrun_call_started(call):
    web.fetch("a")
""",
    "plugins/desk/web.py": """
import httpx, time

CLIENT = httpx.Client()

def fetch(url):
    return httpx.get(url)

async def pause():
    time.sleep(1)

class Desk:
    def __init__(self):
        self.client = httpx.Client()

    def find(self):
        return self.client.get("a")

def calm(url):
    return url

calm = fetch

from . import back
""",
    "plugins/desk/back.py": "from .web import Desk\n\nDESK = Desk()\n",
    "plugins/desk/store.py": "import time\n\ndef opened():\n    time.sleep(1)  # noqa: ASYNC\n",
    "plugins/desk/inner/__init__.py": "",
    "plugins/desk/inner/deep.py": "from ..web import fetch as get\n\ndef through():\n    return get('a')\n",
    "plugins/desk/gone.txt": "",
}


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[str], Any]:
    """The plugins of a package in files, whose tool has that body."""

    def make(body: str) -> Any:
        for name, text in FILES.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                text.replace("BODY", body).replace("from .gone", "#").replace("from .broken", "#")
            )
        path = tmp_path / "desk.yaml"
        path.write_text("transport: local\nprompts: Hi.\ntools: [desk]\n")
        loaded = plugins.load_all(spec.load(path))
        # what can't be imported is seen in the source alone
        package = tmp_path / "plugins" / "desk"
        (package / "__init__.py").write_text(FILES["plugins/desk/__init__.py"].replace("BODY", body))
        (package / "broken.py").write_text("def wrong(:\n")
        return loaded

    return make


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("fetch('a')", [("web.py", "httpx.get")]),
        ("web.fetch('a')", [("web.py", "httpx.get")]),
        ("await web.pause()", [("web.py", "time.sleep")]),
        ("through()", [("web.py", "httpx.get")]),
        ("CLIENT.get('a')", [("__init__.py", "httpx.Client().get")]),
        ("web.CLIENT.get('a')", [("__init__.py", "httpx.Client().get")]),
        ("Counter().find()", [("web.py", "httpx.Client().get")]),
        ("web.Desk().find()", [("web.py", "httpx.Client().get")]),
        ("DESK.find()", [("web.py", "httpx.Client().get")]),
        ("DESK.client.post('a')", [("__init__.py", "httpx.Client().post")]),
        ("kept.opened()", []),
        ("nothing()", []),
        ("wrong()", []),
        ("web.nothing()", []),
        ("web.calm('a')", []),
        ("fetch = print\n    fetch('a')", []),
        ("import asyncio\n    await asyncio.to_thread(fetch, 'a')", []),
    ],
)
def test_the_other_files_of_a_package_are_followed(
    desk: Callable[[str], Any], body: str, found: list[tuple[str, str]]
) -> None:
    [tool] = desk(body).tools
    calls = blocking_calls.search(tool.function)
    assert [(Path(call.path).name, call.name) for call in calls] == found


def test_a_hook_is_searched_as_a_tool_is(desk: Callable[[str], Any]) -> None:
    loaded = desk("return NAMES")
    [problem] = blocking_calls.problems(loaded.tools, loaded.hooks)
    assert Path(problem.path).name == "web.py"
    assert problem.where == "plugin 'desk'"
    assert problem.message.startswith("'httpx.get', which it calls in 'fetch', blocks the event loop")
    assert problem.hint.startswith("write `def agentrun_call_started` without `async`")


@pytest.mark.parametrize(
    "which", [field.name for field in dataclasses.fields(CallHooks) if field.name not in ("plugin", "home")]
)
def test_every_hook_of_a_call_is_searched(tool_of: Callable[[str], Any], which: str) -> None:
    hooks: Any = {which: ((tool_of("nap(1)"), ("call",)),)}
    [problem] = blocking_calls.problems((), [CallHooks("crm", **hooks)])
    assert problem.message.startswith("'time.sleep' blocks the event loop")
