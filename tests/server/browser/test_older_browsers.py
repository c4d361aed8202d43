"""The pages ask for nothing that Firefox's extended support release 128 and Safari 16.4 have not got.

What each has is told by MDN's compatibility data (https://github.com/mdn/browser-compat-data).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentrun.server.browser import page
from agentrun.server.dashboard import page_writer

SCRIPTS = (
    "checkVisibility", "withResolvers", "fromAsync", "groupBy", "requestIdleCallback", "moveBefore",
    "startViewTransition", "scrollIntoViewIfNeeded", "showPopover", "togglePopover", "hidePopover",
    "canParse",
    "isWellFormed", "toWellFormed", "union", "intersection", "difference", "isSubsetOf", "isSupersetOf",
    "MediaStreamTrackProcessor", "AudioDecoder", "AudioEncoder", "captureStream", "showSaveFilePicker",
    "showOpenFilePicker", "cookieStore", "wakeLock", "scheduler", "navigation", "userAgentData",
)  # fmt: skip
"""Names that a script may not call or read, unless it asks first whether they are there (``?.``)."""
WHOLE = ("AbortSignal.any", "Iterator.from", "RegExp.escape", "Promise.try", '"scrollend"')
STYLES = (
    "@starting-style", "@scope", "@property", "@container style", "@position-try", "anchor(",
    "color-mix(", "light-dark(", "text-wrap", "field-sizing", "interpolate-size", ":user-invalid",
    ":popover-open", "::details-content", ":state(", "animation-timeline", "linear(", "corner-shape", " if(",
    "round(", "mod(", "sibling-index",
)  # fmt: skip
"""What a style may not need; what is left out without harm, as content-visibility, may be there."""
SCRIPT_FILES = sorted(
    {*(path for path in page.FILES.values() if path.suffix == ".js"), *page_writer.STATIC.glob("*.js")}
)
STYLE_FILES = sorted(
    {*(path for path in page.FILES.values() if path.suffix == ".css"), *page_writer.STATIC.glob("*.css")}
)


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def too_new(script: str) -> list[str]:
    """What a script needs that is not everywhere.

    >>> too_new("if (one.checkVisibility()) return; navigator.wakeLock?.request();")
    ['checkVisibility']
    """
    asked = re.findall(r"(?<![\w.?])(?:new )?([A-Za-z]+)\(|\.([A-Za-z]+)\b(?!\?\.)", script)
    found = {name for pair in asked for name in pair if name in SCRIPTS}
    return sorted(found | {each for each in WHOLE if each in script})


@pytest.mark.parametrize("path", SCRIPT_FILES, ids=names(SCRIPT_FILES))
def test_a_script_needs_what_older_browsers_have(path: Path) -> None:
    assert too_new(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", STYLE_FILES, ids=names(STYLE_FILES))
def test_a_style_needs_what_older_browsers_have(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [each for each in STYLES if each in text] == []
    nested = re.findall(r"\{[^{}]*\{", re.sub(r"@(?:media|supports)[^{]*\{", "", text))
    assert nested == [], "nesting came with Safari 17.2"


def test_the_check_finds_what_is_too_new() -> None:
    assert too_new("const { promise } = Promise.withResolvers(); new AudioDecoder(x);") == [
        "AudioDecoder",
        "withResolvers",
    ]
    assert too_new("crypto.randomUUID?.(); navigator.wakeLock?.request();") == []
