"""Makes docs/screenshots: the dashboard over calls that are served while this runs.

``python scripts/screenshots.py``, in the checkout, with Chromium (``apt-get install chromium``). Two agents
are served, called over a simulated telephone with recorded questions of tests/corpus, and recorded; what the
model says comes from a script, and the agents speak with the packaged voice of offline use. Everything that
the pictures show is what the server measured and recorded in these calls. It takes about a minute and a half.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright

from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall, Voice
from agentrun.simulate.engines.packaged_voice import PackagedVoice
from agentrun.simulate.engines.scripted import ScriptedHearing
from agentrun.simulate.openai import OpenAIServer

ROOT = Path(__file__).parents[1]
CORPUS, TARGET = ROOT / "tests" / "corpus", ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
Scheme = Literal["light", "dark"]
PLUGIN = '''
import asyncio
from agentrun import hookimpl

async def get_scores(league: str) -> dict[str, object]:
    """The games of today in a league."""
    await asyncio.sleep(0.3)
    games = [
        {"home": "Duke", "away": "North Carolina", "score": "81:77"},
        {"home": "Gonzaga", "away": "Saint Mary's", "score": "66:70"},
    ]
    return {"league": league, "games": games}

@hookimpl
def agentrun_tools():
    return [get_scores]
'''
SPEC = """
name: {name}
transport: twilio
prompts:
  system: You tell scores of college basketball.
  greeting: {{say: "Hello, this is the score line. Which game do you want to hear about?"}}
  apology: I am sorry, goodbye.
tools: [scores]
record: {{audio: recordings/}}
"""
_FILES = {"men": "02_mens_scores.wav", "duke": "04_team_duke.wav", "again": "12_repeat.wav"}
_ANSWERS = {
    "men": "Duke beat North Carolina, eighty-one to seventy-seven, and Saint Mary's won at Gonzaga.",
    "duke": "Yes. Duke won by four points, and it was close until the last minute.",
    "again": "Duke beat North Carolina, eighty-one to seventy-seven.",
}


class ScoreBrain:
    """Looks the scores up for the first question, and says what the script has for each."""

    async def answer(self, conversation: Conversation) -> Answer:
        """The answer to the last message."""
        messages = conversation.messages
        words = next(str(each["content"]) for each in reversed(messages) if each["role"] == "user")
        name = next(name for name, file in _FILES.items() if _TEXTS[file] == words)
        if name == "men" and messages[-1]["role"] != "tool":
            return Answer(calls=(ToolCall("get_scores", {"league": "men"}),))
        return Answer(_ANSWERS[name])


_TEXTS = {
    entry["file"]: entry["text"] for entry in json.loads((CORPUS / "transcripts.json").read_text("utf-8"))
}


async def call(caller: Caller, url: str, questions: Sequence[str], last: asyncio.Event | None = None) -> None:
    """Ask some questions; with ``last`` stay on the line until that is set."""
    async with caller.call(url) as phone:
        await phone.hear_greeting()
        for name in questions:
            await phone.say(CORPUS / _FILES[name])
            await _answer(phone)
        if last:
            await last.wait()


async def _answer(phone: PhoneCall) -> None:
    try:
        await phone.hear_answer(15.0)
    except (CallOverError, NoAnswerError) as error:
        raise SystemExit(f"the agent did not answer: {error}") from None


async def main() -> None:
    """Serve, call, and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="agentrun-pictures-") as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "scores.py").write_text(PLUGIN)
        specs = [folder / f"{agent}.yaml" for agent in ("scores", "results")]
        for spec in specs:
            spec.write_text(SPEC.format(name=spec.stem))
        voice = await asyncio.to_thread(PackagedVoice)
        for questions in (["men", "duke", "again"], ["men", "again"]):
            # one call after the other, so that each is heard what it says
            await _serve(folder, specs, voice, questions, questions == ["men", "again"])


async def _serve(
    folder: Path, specs: Sequence[Path], voice: Voice, questions: Sequence[str], is_last: bool
) -> None:
    words = [_TEXTS[_FILES[name]] for name in questions] * 2
    async with OpenAIServer(ScriptedHearing(words), voice, ScoreBrain()) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        options = Options(port=0, insecure=True, records=f"sqlite:///{folder / 'calls.sqlite3'}")
        async with running_server(specs, environ, options) as server:
            caller = Caller.from_environ(environ)
            await call(caller, f"{server.url}/{specs[0].stem}", questions)
            if not is_last:
                await call(caller, f"{server.url}/{specs[1].stem}", questions)
                return
            over = asyncio.Event()
            up = asyncio.create_task(call(caller, f"{server.url}/{specs[1].stem}", questions, over))
            while not _is_answered(server, len(questions)):  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.2)
            await _take(server)
            over.set()
            await up


def _is_answered(server: RunningServer, number: int) -> bool:
    newest = server.switchboard.records.newest()[0]
    return newest.agent == "results" and len(newest.turns) == number


async def _take(server: RunningServer) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        ended = [record for record in server.switchboard.records.newest() if record.ended]
        base = f"{server.url}/dashboard"
        newest = f"{base}/calls/{ended[0].agent}/{ended[0].id}"
        await _picture(browser, "dashboard-live", base, ".live article")
        await _picture(browser, "dashboard-call", newest, ".wave path")
        await _picture(browser, "dashboard-charts", f"{base}/charts", ".plot")
        await browser.close()


async def _picture(browser: Browser, name: str, url: str, shown: str) -> None:
    sizes: Sequence[tuple[str, int, int, Scheme]] = (("", 1280, 800, "light"), ("-phone", 390, 844, "dark"))
    for suffix, width, height, scheme in sizes:
        page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        await page.goto(url)
        await page.locator(shown).first.wait_for(timeout=20_000, state="attached")
        await page.wait_for_timeout(1500)
        await page.screenshot(path=str(TARGET / f"{name}{suffix}.png"))
        await page.close()


if __name__ == "__main__":
    if not Path(CHROMIUM).exists():
        sys.exit(f"{CHROMIUM} is not there: apt-get install chromium")
    asyncio.run(main())
