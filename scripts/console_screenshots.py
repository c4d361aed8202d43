"""The pictures of the page at ``/`` for the documentation, from a call that is really held.

``screenshots.py`` makes them with the others. The agent answers offline: a packaged Whisper hears a spoken
question, a packaged voice answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agentrun.server.lifecycle.startup import Options, running_server
from tests.browser.chromium import talk

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "screenshots"
SPECS = [ROOT / "agents" / name for name in ("ncaa.yaml", "pizza.yaml")]
SPEECH = ROOT / "tests" / "corpus" / "02_mens_scores.wav"
TURNS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("console", 1280, "light"),
    ("console-phone", 390, "dark"),
)


async def picture(url: str, name: str, width: int, scheme: Literal["light", "dark"]) -> None:
    """Hold a call at ``url``, and write ``name`` as it looks in its middle."""
    async with talk(url, speech=SPEECH, width=width, scheme=scheme) as page:
        await page.begin()
        await page.speak()
        await page.shows("words", "get_mens_basketball_scores", 60)
        await page.shows("words", " in 0.", 20)
        await page.page.locator("#words .tool summary").click()
        await page.shows("last", " ms", 20)
        await page.shows("state", "listening", 60)
        await page.page.get_by_label("Write to the agent").fill("And the women's?")
        await page.page.locator("#talking").scroll_into_view_if_needed()
        await page.page.screenshot(path=PICTURES / f"{name}.png", full_page=width < 500)
        await page.page.get_by_role("button", name="Hang up").click()


async def edit(link: str) -> None:
    """Change a prompt, and write what is seen before it is written."""
    async with talk(link, width=1280) as page:
        await page.page.set_viewport_size({"width": 1280, "height": 1040})
        await page.page.locator("#editing summary").click()
        spec = page.page.get_by_label("The agent's spec")
        await page.page.wait_for_function("() => document.getElementById('spec').value")
        text = await spec.input_value()
        await spec.fill(text.replace("you talk quickly.", "you take your time."))
        await page.page.get_by_role("button", name="Write to the file …").click()
        await page.shows("diff", "take your time")
        await page.page.locator("#confirm").scroll_into_view_if_needed()
        await page.page.screenshot(path=PICTURES / "console-edit.png")


async def main() -> None:
    """Serve two agents, and write all pictures."""
    async with running_server(SPECS, {}, Options(port=0, offline=True)) as server:
        for name, width, scheme in TURNS:
            await picture(server.url, name, width, scheme)
        await edit(f"{server.url}/?token={server.settings.local.token}")
