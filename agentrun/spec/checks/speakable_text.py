"""Text that sounds bad when spoken, and prompts too long for fast answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.spec.checks import idle, telephone_keys
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import FixedWords, TwilioTransport
from agentrun.spec.models.idle import spoken

_UNSPEAKABLE = {
    "a web address": (re.compile(r"https?://\S+|www\.\S+"), "say what is found there, in words"),
    "Markdown": (
        re.compile(r"\*\*\S|__\S|`|\]\(|^#{1,6} |^\s*[-*•] ", re.MULTILINE),
        "write sentences: a list is spoken as one",
    ),
    "an emoji": (re.compile("[\U0001f000-\U0001faff☀-➿⬀-⯿️]"), "leave it out"),
}
_CHARACTERS_PER_TOKEN = 4
"""An estimate for English; other languages take more tokens."""
LONG_PROMPT = 8_000
"""Tokens that a model reads again before each of its answers; beyond them the caller waits noticeably."""
MOST_REALTIME = 16_384
"""Tokens of instructions that OpenAI's realtime models take
(https://community.openai.com, "Realtime API instruction limit (16,384 tokens)")."""


def check(file: SpecFile) -> list[Problem]:
    """A warning for each text that is read badly aloud, and one for a prompt that is too long."""
    spec, problems = file.spec, []
    for where, text in _spoken(file):
        for what, (pattern, hint) in _UNSPEAKABLE.items():
            if match := pattern.search(text):
                message = f"{match[0].strip()!r} is {what}, but this text is spoken"
                problems.append(file.problem(where, message, hint, "warning"))
    tokens = len(spec.prompts.system) // _CHARACTERS_PER_TOKEN
    if tokens > LONG_PROMPT:
        message = f"about {tokens} tokens are read before each answer; more than {LONG_PROMPT} make it slow"
        if tokens > MOST_REALTIME and spec.pipeline.style == "realtime":
            message = f"these are about {tokens} tokens; a realtime model takes {MOST_REALTIME}"
        hint = "keep what every call needs, and let a tool look up the rest"
        problems.append(file.problem(("prompts", "system"), message, hint, "warning"))
    return problems


def _spoken(file: SpecFile) -> Iterator[tuple[Where, str]]:
    """Words that no model makes."""
    spec = file.spec
    if isinstance(spec.prompts.greeting, FixedWords):
        yield ("prompts", "greeting", "say"), spec.prompts.greeting.say
    yield ("prompts", "apology"), spec.prompts.apology
    yield ("prompts", "repeat"), spec.prompts.repeat
    yield ("prompts", "wait"), spec.prompts.wait or ""
    yield ("limits", "warning"), spec.limits.warning
    yield ("limits", "goodbye"), spec.limits.goodbye
    for where, keys in telephone_keys.places(spec):
        yield (*where, "wrong"), keys.wrong or ""
    for where, silence in idle.places(spec):
        yield from (((*where, *below), text) for below, text in spoken(silence))
    for name, node in spec.flow.nodes.items() if spec.flow else ():
        yield ("flow", "nodes", name, "say"), node.say or ""
    for index, tool in enumerate(spec.tools):
        where = ("tools", index, "mcp", "say") if tool.mcp else ("tools", index, "say")
        yield where, (tool.mcp or tool).say or ""
    for index, transport in enumerate(spec.transport):
        if isinstance(transport, TwilioTransport):
            yield ("transport", index, "dial", "message"), transport.dial.message or ""
