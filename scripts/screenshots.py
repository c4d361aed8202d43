"""Makes docs/screenshots, all of them, from calls that are served while this runs.

``make pictures``, in the checkout, with Chromium (``apt-get install chromium``). For the dashboard two agents
are served, called over a simulated telephone with recorded questions of tests/corpus, and recorded; what the
model says comes from a script, and the agents speak with the packaged voice of offline use. The page at ``/``
is ``console_screenshots``. Everything that the pictures show is what the server measured and recorded in
these calls: make them on a machine that does nothing else. It takes about two minutes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright

from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall
from agentrun.simulate.engines.packaged_voice import PackagedVoice
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
_FILES = {
    "men": "02_mens_scores.wav",
    "wait": "09_interrupt_change.wav",
    "duke": "04_team_duke.wav",
    "again": "12_repeat.wav",
    "bye": "15_hangup.wav",
}
_ANSWERS = {
    "men": "Duke beat North Carolina, eighty-one to seventy-seven, and Saint Mary's won at Gonzaga, "
    "seventy to sixty-six. Both games were close until the last minute.",
    "wait": "Of course. Which team would you like to hear about?",
    "duke": "Yes. Duke won by four points, eighty-one to seventy-seven.",
    "again": "Duke beat North Carolina, eighty-one to seventy-seven.",
    "bye": "Thank you for calling. Goodbye!",
}
CALLS = (
    ("results", "+12025550187", ("men", "again")),
    ("scores", "+12025550143", ("men", "wait", "duke", "bye")),
    ("results", "+12025550162", ("men", "again")),
)
"""Who is called, by whom, and asked what; "wait" is said into the answer, and the last call stays up."""
PICTURES: tuple[tuple[str, int, Scheme], ...] = (
    ("dashboard-live", 1280, "light"),
    ("dashboard-call", 1280, "light"),
    ("dashboard-call-phone", 390, "dark"),
    ("dashboard-charts", 1280, "light"),
)


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


class Ears:
    """Hears the question that is being asked, also where a pause has it heard in parts."""

    def __init__(self) -> None:
        self.question = CALLS[0][2][0]

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """Its words."""
        del pcm, sample_rate, prompt
        return str(_TEXTS[_FILES[self.question]])


async def call(
    caller: Caller, url: str, questions: Sequence[str], ears: Ears, last: asyncio.Event | None = None
) -> None:
    """Ask some questions; with ``last`` stay on the line until that is set."""
    async with caller.call(url) as phone:
        await phone.hear_greeting()
        for name, following in itertools.zip_longest(questions, questions[1:]):
            ears.question = name
            if name == "wait":
                await phone.barge_in(CORPUS / _FILES[name], after=2.0)
            else:
                await phone.say(CORPUS / _FILES[name])
            if following != "wait":
                await _answer(phone)
        if last:
            await last.wait()


async def _answer(phone: PhoneCall) -> None:
    try:
        await phone.hear_answer(15.0)
    except (CallOverError, NoAnswerError) as error:
        raise SystemExit(f"the agent did not answer: {error}") from None


async def dashboard_pictures() -> None:
    """Serve two agents, call them, and take the pictures of the dashboard."""
    with tempfile.TemporaryDirectory(prefix="agentrun-pictures-") as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "scores.py").write_text(PLUGIN)
        specs = [folder / f"{agent}.yaml" for agent in ("scores", "results")]
        for spec in specs:
            spec.write_text(SPEC.format(name=spec.stem))
        voice = await asyncio.to_thread(PackagedVoice)
        ears = Ears()
        async with OpenAIServer(ears, voice, ScoreBrain()) as openai:
            environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
            options = Options(port=0, insecure=True, records=f"sqlite:///{folder / 'calls.sqlite3'}")
            async with running_server(specs, environ, options) as server:
                await _call_all(server, ears)


async def _call_all(server: RunningServer, ears: Ears) -> None:
    """One call after the other, so that each is heard what it says."""
    for agent, number, questions in CALLS[:-1]:
        await call(Caller(number), f"{server.url}/{agent}", questions, ears)
    agent, number, questions = CALLS[-1]
    over = asyncio.Event()
    up = asyncio.create_task(call(Caller(number), f"{server.url}/{agent}", questions, ears, over))
    while not _is_answered(server, number, len(questions)):  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.2)
    await _take(server)
    over.set()
    await up


def _is_answered(server: RunningServer, number: str, questions: int) -> bool:
    newest = server.switchboard.records.newest()[0]
    return newest.from_number == number and len(newest.turns) == questions


async def _take(server: RunningServer) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = next(record for record in server.switchboard.records.newest() if record.agent == "scores")
        places = {
            "live": ("", ".live article"),
            "call": (f"/calls/{shown.agent}/{shown.id}", ".wave path"),
            "charts": ("/charts", ".plot"),
        }
        for name, width, scheme in PICTURES:
            path, part = places[name.split("-")[1]]
            await _picture(browser, name, (width, scheme), f"{server.url}/dashboard{path}", part)
        await browser.close()


async def _picture(browser: Browser, name: str, look: tuple[int, Scheme], url: str, shown: str) -> None:
    """Write the page at ``url`` once ``shown`` is there: all of it, on a phone its first screen."""
    width, scheme = look
    page = await browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    await page.goto(url)
    await page.locator(shown).first.wait_for(timeout=20_000, state="attached")
    await page.wait_for_timeout(1500)
    await page.screenshot(path=str(TARGET / f"{name}.png"), full_page=width > 500)
    await page.close()


async def main() -> None:
    """Make every picture."""
    await dashboard_pictures()
    sys.path.insert(0, str(ROOT))  # the console is driven as the tests drive it
    from scripts import console_screenshots

    await console_screenshots.main()


if __name__ == "__main__":
    if not Path(CHROMIUM).exists():
        sys.exit(f"{CHROMIUM} is not there: apt-get install chromium")
    asyncio.run(main())
