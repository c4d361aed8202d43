"""What the page says when something is wrong, and that it only ever shows words as words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.browser import chromium
from tests.browser.chromium import Talk, talk
from tests.calls.desk import HELLO, OPEN, open_desk, open_hasty_desk, until

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)

NO_MICROPHONE = """(name) => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("of the browser", name));
}"""
RECEIVE = '(text) => channel.dispatchEvent(new MessageEvent("message", {data: text}))'
UNPLUG = """() => {
  window.before = track;
  track.stop();
  track.dispatchEvent(new Event("ended"));
}"""
NO_MICROPHONE_AND_UNPLUG = """() => {
  window.works = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
  track.stop();
  track.dispatchEvent(new Event("ended"));
}"""
PLUG_IN = """() => {
  navigator.mediaDevices.getUserMedia = window.works;
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
LOSE = """() => {
  window.lost = peer;
  Object.defineProperty(peer, "connectionState", {value: "failed"});
  peer.dispatchEvent(new Event("connectionstatechange"));
}"""
SENDS_ANOTHER = "() => track !== before && peer.getSenders().some((sender) => sender.track === track)"
UNREACHED = "http://127.0.0.1:9 can't be reached: connection refused; look at the address"
MARKUP = "<img src=x onerror=document.title='run'>"


async def receive(page: Talk, type: str, **data: object) -> None:  # noqa: A002 - RTVI's own word
    """Hand the page an RTVI message as if the server had sent it."""
    await page.page.evaluate(RECEIVE, json.dumps({"label": "rtvi-ai", "type": type, "data": data}))


async def lines(page: Talk) -> list[str]:
    """What stands in the conversation, a line each."""
    return await page.page.locator("#words li").all_inner_texts()


@pytest.mark.parametrize(
    ("name", "problem", "state"),
    [
        ("NotFoundError", "There is no microphone.", "The microphone is missing."),
        ("NotReadableError", "Another program is using the microphone.", "The microphone is busy."),
        ("AbortError", "The microphone can't be opened: of the browser", "The microphone is off."),
    ],
)
async def test_a_microphone_that_can_not_be_opened_is_explained(
    tmp_path: Path, name: str, problem: str, state: str
) -> None:
    async with open_hasty_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.page.evaluate(NO_MICROPHONE, name)
        await page.begin()
        await page.shows("error", problem)
        await page.shows("microphone", state)
        await page.shows("talk", "Talk")
        assert desk.server.switchboard.live == 0


async def test_a_connection_that_is_lost_is_replaced_and_the_call_goes_on(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.page.get_by_role("button", name="Mute").click()
        states = "() => { window.states = []; new MutationObserver(() => states.push(state.textContent))"
        states += ".observe(state, {childList: true}); }"
        await page.page.evaluate(states)
        await page.page.evaluate(LOSE)
        await page.page.wait_for_function("() => lost !== peer && peer.connectionState === 'connected'")
        await page.page.wait_for_function("() => lost.signalingState === 'closed'")
        await page.shows("connection", "Talking with desk.")
        await page.page.wait_for_function("() => channel.readyState === 'open'")
        assert (await page.page.evaluate("() => states"))[0] == "calling"
        assert await page.text("state") != "calling"
        await page.page.get_by_label("Write to the agent").fill("When are you open?")
        await page.page.keyboard.press("Enter")
        await page.shows("words", OPEN.text, 20)
        assert await page.page.evaluate("() => track.enabled") is False
        (record,) = desk.server.switchboard.records.newest()
        # the page shows words as they come, the record has them once they are spoken
        spoken = [HELLO.text, OPEN.text]
        await until(lambda: [each.text for each in record.transcript if each.who == "agent"] == spoken, 10)
        assert desk.server.switchboard.live == 1
        await page.page.get_by_role("button", name="Hang up").click()
        await until(lambda: desk.server.switchboard.live == 0, 10)
        assert (record.ended_by, await page.text("error")) == ("caller", "")
    assert page.complaints == []


async def test_a_connection_that_never_comes_about_is_told_with_what_may_be_in_its_way(
    tmp_path: Path,
) -> None:
    fails = """() => {
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (given) {
        const sdp = given.sdp.replace(/^a=candidate.*\\r\\n/gm, "");
        setTimeout(() => {
          Object.defineProperty(this, "connectionState", {value: "failed"});
          this.dispatchEvent(new Event("connectionstatechange"));
        }, 500);
        return set.call(this, {...given, sdp});
      };
    }"""
    async with open_hasty_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.page.evaluate(fails)
        await page.begin()
        await page.shows("error", "desk can't be reached: no connection came about.")
        await page.shows("error", "A firewall or a VPN may hold back UDP")
        await page.shows("connection", "Not connected.")


async def test_a_connection_that_is_lost_for_good_ends_the_call_on_both_sides(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        over = {"detail": "this call is over"}
        await page.page.route("**/browser/offer", lambda route: route.fulfill(status=410, json=over))
        await page.page.evaluate(LOSE)
        await page.shows("error", "The connection was lost.")
        await page.shows("error", "then talk again")
        await page.shows("connection", "Not connected.")
        await until(lambda: desk.server.switchboard.live == 0, 10)


async def test_a_microphone_that_is_unplugged_is_replaced_and_the_call_goes_on(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO] * 9) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.page.evaluate(UNPLUG)
        await page.shows("error", "The call goes on with another one.")
        await page.page.wait_for_function(SENDS_ANOTHER)
        await page.shows("microphone", "The microphone is live.")
        await page.page.evaluate(NO_MICROPHONE_AND_UNPLUG)
        await page.shows("error", "You can write until then.")
        await page.shows("microphone", "The microphone is missing.")
        await page.page.evaluate(PLUG_IN)
        await page.shows("microphone", "The microphone is live.")
        await page.page.wait_for_function("() => document.getElementById('error').hidden")
        assert desk.server.switchboard.live == 1
    assert page.complaints == []


@pytest.mark.parametrize(("fault", "step"), [("401", "check its API key"), ("Connection error", UNREACHED)])
async def test_a_model_that_fails_is_told_and_the_agent_hangs_up(
    tmp_path: Path, fault: str, step: str
) -> None:
    gone = {"pipeline.llm": "{model: openai/gpt-4o, base_url: 'http://127.0.0.1:9/v1'}"}
    async with (
        open_hasty_desk(tmp_path, [HELLO], overrides=gone if step == UNREACHED else {}) as desk,
        talk(desk.server.url) as page,
    ):
        desk.openai.conditions.faults["chat"] = Fault("status", 401)
        await page.begin()
        await page.shows("error", fault, 20)
        await page.shows("connection", "desk has hung up.", 20)
        await page.shows("error", step)
        assert page.complaints == []


async def test_a_server_that_is_gone_is_told_when_the_page_opens(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.page.route("**/agents", lambda route: route.abort())
        await page.page.reload()
        await page.shows("error", "The agents can't be listed: the server does not answer. Is it running?")
        assert await page.page.get_by_role("button", name="Talk").is_disabled()


async def test_words_that_are_still_coming_are_written_over_and_junk_is_passed_over(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        for junk in (
            "",
            "{",
            "null",
            "[]",
            '"text"',
            '{"label": "other", "type": "error", "data": {"error": "x"}}',
        ):
            await page.page.evaluate(RECEIVE, junk)
        before = len(await lines(page))
        await receive(page, "user-transcription", text="When are", final=False)
        assert await page.page.locator("#words .interim").count() == 1
        await receive(page, "user-transcription", text=f"When are you {MARKUP}", final=True)
        await receive(page, "nobody-knows-it", text="x")
        assert await page.page.locator("#words .interim, #words img").count() == 0
        assert (await lines(page))[before:] == [f"You\nWhen are you {MARKUP}"]
        assert await page.page.title() == "Talk – agentrun"
        assert await page.text("error") == ""
    assert page.complaints == []


async def test_one_of_several_agents_is_chosen_by_key_or_by_address(tmp_path: Path) -> None:
    specs = [tmp_path / f"{name}.yaml" for name in ("bar", "desk")]
    for spec in specs:
        text = f'name: {spec.stem}\ndescription: "Of {MARKUP}"\ntransport: local\n'
        spec.write_text(f"{text}prompts: {{system: Hi., greeting: Hello., apology: Sorry.}}\n")
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO])) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with running_server(specs, environ, Options(port=0)) as server, talk(server.url) as page:
            await page.shows("agents", f"Of {MARKUP}")
            chosen = page.page.get_by_role("radio", checked=True)
            assert await chosen.input_value() == "bar"
            await page.page.goto(f"{server.url}/#desk")
            await page.page.reload()
            await page.shows("agents", "bar")
            assert await chosen.input_value() == "desk"
            await chosen.press("ArrowUp")
            assert await chosen.input_value() == "bar"
            await page.begin()
            await page.shows("connection", "Talking with bar.")
            await page.shows("words", HELLO.text)
            assert await chosen.is_disabled()
    assert page.complaints == []


async def test_two_pages_talk_at_once_and_one_leaves(tmp_path: Path) -> None:
    async with (
        open_hasty_desk(tmp_path, [HELLO, HELLO]) as desk,
        talk(desk.server.url) as one,
        talk(desk.server.url) as other,
    ):
        for page in (one, other):
            await page.begin()
        for page in (one, other):
            await page.shows("words", HELLO.text)
        assert desk.server.switchboard.live == 2
        await one.page.close()
        await until(lambda: desk.server.switchboard.live == 1, 10)
        await other.shows("connection", "Talking with desk.")
        assert await other.loudest() > 0.02
