"""What plugins ask of this package, and whether a plain bot has it."""

from __future__ import annotations

import asyncio
import runpy
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pipecat.frames.frames import TTSStartedFrame, TTSStoppedFrame
from pipecat.processors.frame_processor import FrameDirection

from agentrun import Call, plugins, spec
from agentrun.deploy.bot import files, plugin_code
from agentrun.plan import plan as planning
from tests.deploy.places import deployment, plan_of


def said_of(folder: Path, plugin: str, more: str = "") -> list[tuple[str, int, str, str]]:
    """What is said of an agent with ``plugin``: file, line, severity and message."""
    plan_of(folder, more=more)
    (folder / "plugins" / "hours.py").write_text(plugin)
    file = spec.load(folder / "agents" / "desk.yaml")
    loaded = plugins.load_all(file)
    plan = planning.make(file, loaded.tools, {}, hooks=loaded.hooks)
    return [(Path(one.path).name, one.line, one.severity, one.message) for one in files.problems(plan, {})]


NOTHING = "def look_up() -> str:\n    return ''\n"
TOOLS = "\n@hookimpl\ndef agentrun_tools():\n    return [look_up]\n"


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("async def look_up(call: Call) -> str:\n    await call.transfer('+1555')\n", 3, "call.transfer"),
        ("async def look_up(c: 'Call') -> str:\n    return await c.quiet()\n", 3, "call.quiet"),
        ("def look_up(call: Call) -> str:\n    call.run(call.wait(3))\n", 3, "call.wait"),
        ("async def _more(call):\n    await call.hand_over()\n" + NOTHING, 3, "call.hand_over"),
        ("def look_up() -> str:\n    from agentrun.calls import X\n    return ''\n", 3, "agentrun.calls.X"),
        ("import agentrun.errors\n" + NOTHING, 2, "agentrun.errors"),
        (
            "@hookimpl\ndef agentrun_call_before(call: Call) -> dict:\n    return {}\n" + NOTHING,
            3, "agentrun_call_before",
        ),
    ],
)  # fmt: skip
def test_what_a_plugin_does_that_a_plain_bot_can_not_is_refused_at_its_line(
    tmp_path: Path, body: str, line: int, words: str
) -> None:
    described = ("-> str:\n", '-> str:\n    """Look up."""\n')
    plugin = "from agentrun import Call, hookimpl\n" + body.replace(*described)
    shift = 1 if "def look_up" in "\n".join(body.splitlines()[: line - 2]) else 0
    said = [one for one in said_of(tmp_path, plugin + TOOLS) if one[2] == "error"]
    assert [one[:2] for one in said] == [("hours.py", line + shift)]
    assert words in said[0][3]


def test_what_is_imported_for_types_alone_or_may_fail_is_no_matter(tmp_path: Path) -> None:
    plugin = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "from agentrun import hookimpl\n"
        "if TYPE_CHECKING:\n    from agentrun.call import Line\n"
        "try:\n    from agentrun.errors import Problem\nexcept ImportError:\n    Problem = None\n"
        'def look_up() -> str:\n    """Look up."""\n    return ""\n'
    )
    assert said_of(tmp_path, plugin + TOOLS) == []


SPEAKS = (
    "from agentrun import Call, hookimpl\nasync def look_up(call: Call) -> str:\n"
    '    """Look up."""\n    await call.say("One moment.")\n    return ""\n'
)


@pytest.mark.parametrize(("style", "count"), [("cascaded", 0), ("realtime", 1)])
def test_a_speech_to_speech_model_has_no_voice_for_the_words_of_a_tool(
    tmp_path: Path, style: str, count: int
) -> None:
    said = said_of(tmp_path, SPEAKS + TOOLS, f"pipeline: {{style: {style}}}\n")
    assert [one[:3] for one in said] == [("hours.py", 4, "error")] * count


def test_a_plugin_of_another_agent_is_no_matter(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    (tmp_path / "plugins" / "other.py").write_text("from agentrun.records import X\n")
    assert list(files.problems(plan, {})) == []


def test_options_of_tools_are_left_behind_and_a_confirmation_is_not(tmp_path: Path) -> None:
    plugin = (
        "from agentrun import hookimpl, tool\n@tool(say='One moment.', timeout='3s', confirm=True)\n"
        'def look_up() -> str:\n    """Look up."""\n    return ""\n'
    )
    said = said_of(tmp_path, plugin + TOOLS)
    assert sorted((severity, message.partition(",")[0]) for _, _, severity, message in said) == [
        ("error", "'look_up' asks the caller before it does anything"),
        ("warning", "is left behind"),
        ("warning", "is left behind"),
    ]


def test_every_name_that_a_plugin_may_import_is_there(tmp_path: Path) -> None:
    text = files.files(deployment(tmp_path))["agentrun.py"].decode()
    scope: dict[str, object] = {"__name__": "agentrun_beside_the_bot"}
    module = type(sys)("agentrun_beside_the_bot")
    sys.modules["agentrun_beside_the_bot"] = module
    try:
        exec(compile(text, "agentrun.py", "exec"), scope)  # noqa: S102 - our own
    finally:
        del sys.modules["agentrun_beside_the_bot"]
    assert set(plugin_code.NAMES) <= set(scope)
    public = {name for name in dir(Call) if not name.startswith("_")} - {"environ", "offline"}
    there = {name for name in dir(scope["Call"]) if not name.startswith("_")}
    fields = set(Call.__dataclass_fields__)
    assert public - fields - there <= plugin_code.NOWHERE, "what is not there is refused"
    assert not plugin_code.NOWHERE & there - {"line"}


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
async def test_a_goodbye_is_said_before_the_call_ends(
    tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A speech-to-speech model says it itself; what it was still saying before does not end the call."""
    module = bot_of(tmp_path, style)
    line, done = module["Line"](), list[object]()
    call = SimpleNamespace(line=line, hang_up=getattr(line, "hang_up", None))
    line.worker = SimpleNamespace(
        queue_frame=AsyncMock(side_effect=done.append),
        stop_when_done=AsyncMock(side_effect=lambda: done.append("end")),
    )
    params = SimpleNamespace(
        arguments={"goodbye": "Bye."},
        result_callback=AsyncMock(side_effect=lambda result, **_more: done.append(result)),
        llm=SimpleNamespace(push_frame=AsyncMock(side_effect=lambda *_frame: done.append("late end"))),
    )
    asking = asyncio.create_task(module["hang_up"](call)(params))
    await asyncio.sleep(0)
    if style == "cascaded":
        await asking
        assert [done[0], getattr(done[1], "text", None), done[2]] == [{"status": "done"}, "Bye.", "end"]
        return
    assert done == [{"next": "Say exactly this, and nothing else: Bye."}]
    pushed = list[str]()
    monkeypatch.setattr(
        line.ending, "push_frame", AsyncMock(side_effect=lambda f, _d: pushed.append(type(f).__name__))
    )
    for frame in (TTSStoppedFrame(), TTSStartedFrame(), TTSStoppedFrame()):
        await line.ending.process_frame(frame, FrameDirection.DOWNSTREAM)
    assert pushed == ["TTSStoppedFrame", "TTSStartedFrame", "TTSStoppedFrame", "EndWorkerFrame"]
    asking.cancel()


def bot_of(folder: Path, style: str) -> dict[str, Any]:
    """What the bot's file defines."""
    path = plan_of(folder, more=f"pipeline: {{style: {style}}}\n").file.path
    path.write_text(path.read_text().replace("[hours]", "[hours, hang_up]"))
    file = spec.load(path)
    made = files.files(deployment(folder, planning.make(file, plugins.load(file), {})))
    (folder / "bot.py").write_bytes(made["bot.py"])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="`pipecat", category=DeprecationWarning)
        return runpy.run_path(str(folder / "bot.py"))
