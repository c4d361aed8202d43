"""A spec that is edited in the page: talked with first, and written after its diff was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import axe, chromium
from tests.browser.chromium import Talk, talk
from tests.calls.desk import HELLO, Desk, open_desk, until

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]

GREETING, EDITED = "greeting: Say hello.", "greeting: {say: Welcome to the edited desk.}  # by hand"


def link(desk: Desk) -> str:
    """The link with the token, as `serve` prints it."""
    return f"{desk.server.url}/?token={desk.server.settings.local.token}"


async def edit(page: Talk, old: str, new: str) -> None:
    """Open the editor, and put ``new`` in the place of ``old``."""
    await page.page.locator("#editing summary").click()
    await page.page.wait_for_function("() => document.getElementById('spec').value.includes('name: desk')")
    text = await page.page.get_by_label("The agent's spec").input_value()
    assert old in text
    await page.page.get_by_label("The agent's spec").fill(text.replace(old, new))


async def press(page: Talk, name: str) -> None:
    """Press a button of the page."""
    await page.page.get_by_role("button", name=name, exact=True).click()


async def focused(page: Talk) -> str:
    """The element that the keyboard is at."""
    return str(await page.page.evaluate("() => document.activeElement.id"))


async def test_an_edit_is_talked_with_and_then_written(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9) as desk, talk(link(desk)) as page:
        spec = tmp_path / "desk.yaml"
        before = spec.read_text()
        await edit(page, GREETING, EDITED)
        await press(page, "Check and talk with it")
        await page.shows("edited", "This call is held with this text.")
        await page.shows("connection", "Talking with desk, as edited.")
        await page.shows("words", "Welcome to the edited desk.", 20)
        assert spec.read_text() == before
        await press(page, "Write to the file …")
        await page.shows("diff", f"+  {EDITED}")
        await page.page.screenshot(path=tmp_path / "diff.png")
        assert await focused(page) == "confirm"
        await page.page.keyboard.press("Escape")
        assert (await focused(page), await page.page.locator("#diff").is_visible()) == ("write", False)
        await page.page.keyboard.press("Enter")
        await page.shows("diff", f"+  {EDITED}")
        assert spec.read_text() == before
        await press(page, "Write")
        await page.shows("edited", "Written. The next call has it.")
        assert await focused(page) == "write"
        assert spec.read_text() == before.replace(GREETING, EDITED)
        await press(page, "Hang up")
        await until(lambda: desk.server.switchboard.live == 0, 10)
        await press(page, "Talk")
        await page.shows("words", "Welcome to the edited desk.", 20)
        assert await page.text("connection") == "Talking with desk."
    assert page.complaints == []


async def test_what_is_wrong_is_shown_with_its_line_and_a_file_that_was_changed_is_kept(
    tmp_path: Path,
) -> None:
    async with open_desk(tmp_path, []) as desk, talk(link(desk)) as page:
        spec = tmp_path / "desk.yaml"
        await edit(page, "apology:", "apologie:")
        await press(page, "Check and talk with it")
        await page.shows("problems", "apologie")
        await page.shows("edited", "There are errors")
        await page.page.locator("#problems").get_by_role("button", name="line 7").first.click()
        selected = "() => { const s = document.getElementById('spec'); "
        selected += "return s.value.slice(s.selectionStart, s.selectionEnd); }"
        assert "apologie" in await page.page.evaluate(selected)
        if not axe.MISSING:
            assert await axe.violations(page.page) == []
        await press(page, "Load the file again")
        await page.page.wait_for_function("() => document.getElementById('spec').value.includes('apology:')")
        text = await page.page.get_by_label("The agent's spec").input_value()
        await page.page.get_by_label("The agent's spec").fill(text.replace(GREETING, EDITED))
        await press(page, "Write to the file …")
        await page.shows("diff", EDITED)
        theirs = spec.read_text() + "# theirs\n"
        spec.write_text(theirs)
        await press(page, "Write")
        await page.shows("edited", "desk.yaml was changed meanwhile")
        assert spec.read_text() == theirs


async def test_what_was_typed_for_one_agent_is_there_after_another_was_looked_at(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9) as desk, talk(link(desk)) as page:
        other = {
            **(await (await page.page.request.get(f"{desk.server.url}/agents")).json())[0],
            "name": "bar",
        }
        both = [{**other, "name": name} for name in ("desk", "bar")]
        await page.page.route("**/agents", lambda route: route.fulfill(json=both))
        file = {"path": "bar.yaml", "name": "bar.yaml", "text": "name: bar", "digest": "1", "files": []}
        await page.page.route("**/console/specs/bar", lambda route: route.fulfill(json=file))
        await page.page.reload()
        await edit(page, GREETING, EDITED)
        await page.page.get_by_label("bar").check()
        await page.page.wait_for_function("() => document.getElementById('spec').value === 'name: bar'")
        await page.page.get_by_label("desk").check()
        await page.page.wait_for_function(
            "(text) => document.getElementById('spec').value.includes(text)", arg=EDITED
        )
        await press(page, "Check and talk with it")
        await page.shows("words", "Welcome to the edited desk.", 20)
        await page.page.get_by_label("The agent's spec").press("End")
        await page.page.keyboard.type("# more")
        await page.shows("edited", "Changed since it was checked")
        leaves = "() => { const e = new Event('beforeunload', {cancelable: true}); return dispatchEvent(e); }"
        assert await page.page.evaluate(leaves) is False
        await press(page, "Load the file again")
        await page.page.wait_for_function(f"() => !({leaves})() === false")


async def test_a_prompt_in_a_file_of_its_own_is_edited_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "desk.md").write_text("Say hello.\n")
    greeting = {"prompts.greeting": "{file: desk.md}"}
    async with open_desk(tmp_path, [HELLO] * 9, overrides=greeting) as desk, talk(link(desk)) as page:
        await page.page.locator("#editing summary").click()
        await page.page.wait_for_function(
            "() => document.getElementById('spec').value.includes('name: desk')"
        )
        await page.page.get_by_label("File", exact=True).select_option("desk.md")
        prompt = page.page.get_by_label("The agent's file desk.md")
        assert await prompt.input_value() == "Say hello.\n"
        await prompt.fill("Say good morning to {{ nobody }}.\n")
        await press(page, "Check and talk with it")
        await page.page.get_by_label("File", exact=True).select_option("desk.yaml")
        await page.page.locator("#problems").get_by_role("button", name="desk.md line 1").first.click()
        assert "nobody" in await prompt.input_value()
        await prompt.fill("Say good morning.\n")
        await press(page, "Write to the file …")
        await page.shows("diff", "+Say good morning.")
        assert "desk.md" in await page.text("diff")
        if not axe.MISSING:
            assert await axe.violations(page.page) == []
        await press(page, "Write")
        await page.shows("edited", "Written. The next call has it.")
        assert (tmp_path / "desk.md").read_text() == "Say good morning.\n"
    assert page.complaints == []


async def test_without_the_link_of_serve_nothing_is_shown(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.page.locator("#editing summary").click()
        await page.shows("edited", "open the link with `token=` that `agentrun serve` printed")
        assert await page.page.get_by_label("The agent's spec").input_value() == ""
        assert await page.page.get_by_label("The agent's spec").is_disabled()


async def test_the_style_is_switched_without_the_link(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9) as desk, talk(desk.server.url) as page:
        style = page.page.get_by_label("Style")
        assert await style.locator("option").all_inner_texts() == [
            "as the file has it (cascaded)",
            "realtime",
        ]
        await style.select_option("realtime")
        await press(page, "Talk")
        await page.shows("connection", "Talking with desk in the realtime style.", 20)
        await page.shows("words", HELLO.text, 20)
        (record,) = desk.server.switchboard.records.newest()
        assert record.spec["style"] == "realtime"
        await press(page, "Hang up")
        await style.select_option("")
        await press(page, "Talk")
        await page.shows("words", HELLO.text, 20)
        assert await page.text("connection") == "Talking with desk."
    assert page.complaints == []


async def test_a_style_that_the_agent_can_not_have_says_why(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9) as desk, talk(desk.server.url) as page:
        spec = tmp_path / "desk.yaml"
        spec.write_text(spec.read_text() + "pipeline: {realtime: nobody/nothing}\n")
        await page.page.get_by_label("Style").select_option("realtime")
        await page.shows("hindrance", "desk can't be had in the realtime style.")
        await page.shows("hindrance", "desk.yaml, line 9")
        assert await page.page.get_by_label("Style").input_value() == ""
        if not axe.MISSING:
            assert await axe.violations(page.page) == []
        await press(page, "Talk")
        await page.shows("words", HELLO.text, 20)


async def test_files_that_are_refused_are_told_until_they_are_mended(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9, watch=True) as desk, talk(desk.server.url) as page:
        spec = tmp_path / "desk.yaml"
        before = spec.read_text()
        spec.write_text(before.replace("apology:", "apologie:"))
        await page.shows("refused", "The files of desk were changed, and are refused", 20)
        await page.shows("refused", "desk.yaml, line 7")
        if not axe.MISSING:
            assert await axe.violations(page.page) == []
        await press(page, "Talk")
        await page.shows("words", HELLO.text, 20)
        spec.write_text(before.replace("name: desk", "name: desk\ndescription: Mended."))
        await page.page.locator("#refused").wait_for(state="hidden", timeout=20_000)
        await page.shows("agents", "Mended.")
    assert page.complaints == []
