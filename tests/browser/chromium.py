"""A real browser with a microphone that plays a file: what the tests of the page share."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.async_api import ConsoleMessage, Page, async_playwright
from playwright.async_api import TimeoutError as TooLongError

CHROMIUM = Path("/usr/bin/chromium")
MISSING = not CHROMIUM.exists()
REASON = f"{CHROMIUM} is not installed: apt-get install chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    # a page that a test has made comes from no address, and may open no socket to this machine
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--no-first-run",
)
KEEP = """
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...given) {
  window.peer = this;
  return (window.channel = create.apply(this, given));
};
const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  window.track = stream.getAudioTracks()[0];
  return stream;
};
"""
"""Keeps what a call of the page is made of, where a test can reach it."""
SPEAK = """(sound) => {
  const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
    for (const track of (await open(wanted)).getTracks()) track.stop();
    const context = new AudioContext();
    const line = context.createMediaStreamDestination();
    // a line that nothing is connected to sends nothing at all, not even silence
    const murmur = new ConstantSourceNode(context, { offset: 0.0001 });
    murmur.connect(line);
    murmur.start();
    const bytes = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
    const buffer = await context.decodeAudioData(bytes.buffer);
    window.speak = () => {
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(line);
      source.start();
    };
    return line.stream;
  };
}"""
"""A microphone that is silent until somebody speaks into it."""
LISTEN = """() => {
  window.heard = {peak: 0, rate: 0, pieces: []};
  const element = document.getElementById("sound");
  const listen = () => {
    if (!element.srcObject) return setTimeout(listen, 50);
    const context = new AudioContext({sampleRate: 16000});
    const source = context.createMediaStreamSource(element.srcObject);
    const taker = context.createScriptProcessor(4096, 1, 1);
    window.heard.rate = context.sampleRate;
    taker.onaudioprocess = (event) => {
      const samples = event.inputBuffer.getChannelData(0);
      for (const sample of samples) window.heard.peak = Math.max(window.heard.peak, Math.abs(sample));
      window.heard.pieces.push(Array.from(samples, (sample) => Math.round(sample * 32767)));
    };
    source.connect(taker).connect(context.destination);
  };
  listen();
}"""


@dataclass
class Talk:
    """A page that is open, with what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    async def text(self, name: str) -> str:
        """The words of the element ``name``."""
        return await self.page.locator(f"#{name}").inner_text()

    async def shows(self, name: str, text: str, seconds: float = 10.0) -> None:
        """Wait until the element ``name`` holds ``text``; fails with what it holds instead."""
        found = self.page.locator(f"#{name}", has_text=text)
        try:
            await found.wait_for(timeout=seconds * 1000)
        except TooLongError as error:
            holds = f"#{name} holds {await self.text(name)!r}"
            raise AssertionError(f"{holds}; error: {await self.text('error')!r}") from error

    async def begin(self) -> None:
        """Talk, and listen to what is received."""
        await self.page.evaluate(LISTEN)
        await self.page.get_by_role("button", name="Talk").click()

    async def speak(self) -> None:
        """Once the greeting is over, say into the microphone what ``talk`` was given as ``speech``."""
        await self.shows("state", "speaking", 40)
        await self.shows("state", "listening", 40)
        await self.page.evaluate("() => window.speak()")

    async def loudest(self, seconds: float = 10.0) -> float:
        """Wait for sound; the loudest sample so far, 1 at most."""
        await self.page.wait_for_function("() => window.heard.peak > 0.02", timeout=seconds * 1000)
        return float(await self.page.evaluate("() => window.heard.peak"))

    async def sound(self) -> tuple[bytes, int]:
        """All that was received: 16-bit mono PCM, and its rate in Hz."""
        samples = await self.page.evaluate("() => window.heard.pieces.flat()")
        rate = await self.page.evaluate("() => window.heard.rate")
        return np.asarray(samples, dtype="<i2").tobytes(), int(rate)

    def watch(self) -> None:
        """Note every error that the page's script or its policy raises."""

        def note(entry: ConsoleMessage) -> None:
            if entry.type == "error":
                self.complaints.append(entry.text)

        self.page.on("console", note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@contextlib.asynccontextmanager
async def talk(
    url: str,
    microphone: Path | None = None,
    *,
    width: int = 900,
    scheme: Literal["light", "dark"] = "light",
    deny: bool = False,
    loops: bool = False,
    speech: Path | None = None,
) -> AsyncIterator[Talk]:
    """The page at ``url`` in a browser whose microphone plays the WAV file ``microphone`` once.

    With ``loops`` it plays it again and again. ``speech`` is played where a test says so (``Talk.speak``): a
    busy machine may take longer to connect than any silence before a question lasts.
    """
    arguments = [*ARGUMENTS, "--deny-permission-prompts" if deny else "--use-fake-ui-for-media-stream"]
    if microphone:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}{'' if loops else '%noloop'}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, args=arguments
        )
        page = await browser.new_page(viewport={"width": width, "height": 720}, color_scheme=scheme)
        found = Talk(page)
        found.watch()
        if speech:
            sound = base64.b64encode(await asyncio.to_thread(speech.read_bytes)).decode()
            await page.add_init_script(f"({SPEAK})('{sound}')")
        await page.add_init_script(KEEP)
        try:
            await page.goto(url)
            yield found
        finally:
            await browser.close()


def with_silence(speech: Path, into: Path, seconds: float) -> Path:
    """Write ``speech`` after ``seconds`` of silence to the WAV file ``into``; give ``into`` back."""
    with wave.open(str(speech)) as source, wave.open(str(into), "wb") as target:
        target.setparams(source.getparams())
        rate = source.getframerate()
        target.writeframes(bytes(int(seconds * rate) * source.getsampwidth() * source.getnchannels()))
        target.writeframes(source.readframes(source.getnframes()))
        target.writeframes(bytes(2 * rate * source.getsampwidth() * source.getnchannels()))
    return into
