"""Removes a model's thinking, code, and leaked tool calls from what is spoken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentrun.text_normalization.unspoken import line_tags

LONGEST_TAG = 200
"""Characters that an opening tag may have; what goes on longer is text."""
LONGEST_HIDDEN = 20_000
"""Characters that are left out in one piece; a block that never ends gives up there, and is heard again."""
LONGEST_OBJECT = 2_000
"""Characters of an object that may be a call's arguments; one that goes on longer is text."""
_KEPT = 90
"""Characters that the end of a block may have, which may come in two pieces."""
_LONGEST_KEY = 40
"""Characters of an object up to the colon behind its first key."""
_BLOCKS = (
    *("think", "thinking", "thought", "reasoning", "reflection", "scratchpad", "analysis"),
    *("tool_call", "tool_calls", "tool_code", "tool_use", "tool", "function", "function_call"),
    *("function_calls", "invoke", "script", "style", "svg"),
)
_ATTRIBUTES = r"(?:\s+[\w:-]{1,40}\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*"
_TAG = re.compile(
    rf"<(?:[a-z]{{1,20}}:)?({'|'.join(_BLOCKS)})(?:\s*[=:][^<>]*|{_ATTRIBUTES}\s*)/?>", re.IGNORECASE
)
_SPECIAL = re.compile(r"<\|(?:tool_calls?|tool_call_begin|python_tag|tool_calls_section_begin)\|>")
_SPECIAL_END = re.compile(r"<\|(?:/?tool_call|[a-z_]{0,20}end|eom_id|eot_id|message)\|>")
_CHANNEL = "<|channel|>"
_FINAL = re.compile(
    r"(?:\A|<\|channel\|>)\s{0,4}final(?:\s[^<]{0,20})?(?:<\|constrain\|>[^<]{0,20})?<\|message\|>"
)
"""Where what gpt-oss says to the caller begins; its other channels are thinking and calls of tools."""
_MARKER = re.compile(r"\[TOOL_(?:CALLS?|REQUEST)\]")
_MARKER_END = re.compile(r"\[(?:END_TOOL_REQUEST|/TOOL_\w{1,20})\]|\}\s{0,20}\]|\n")
_THINKS = {"[THINK]": "[/THINK]", "◁think▷": "◁/think▷"}
"""Thinking of Magistral and of Kimi."""
_MEANINGLESS = ("[INST]", "[/INST]", *_THINKS.values())
_BRACKETED = ("[TOOL_CALLS]", "[TOOL_CALL]", "[TOOL_REQUEST]", *_THINKS, *_MEANINGLESS)
_STRAY_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_MARK = re.compile(rf"<\|[^|<>\n]{{1,60}}\|>|</?[a-zA-Z][\w:-]{{0,40}}{_ATTRIBUTES}\s*/?>")
"""A tag with its attributes; ``<ada@example.com>`` and ``<your name>`` are text in brackets."""
_MAY_BE_TAG = re.compile(
    rf"</?(?:[a-z][\w:-]{{0,60}}{_ATTRIBUTES}(?:\s+(?:[\w:-]{{1,40}}\s*(?:=\s*(?:\"[^\"<>]*|'[^'<>]*)?)?)?)?/?)?"
    rf"|<(?:[a-z]{{1,20}}:)?(?:{'|'.join(_BLOCKS)})\s*[=:][^<>]*"
    r"|<\|[^|<>\n]{0,60}\|?|<!-?-?",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT_END = re.compile("-->")
_FENCE = re.compile(r"```+|~~~+")
_CALL = re.compile(r'\{\s*"(?:name|function|tool|tool_name|tool_calls|action|recipient_name)"\s*:')
_OBJECT = re.compile(r'\{\s*"\w{1,30}"\s*:')
"""Perhaps the arguments of a call alone: nobody speaks in objects."""
_MAY_BE_CALL = re.compile(r'\{\s*(?:"\w{0,30}"?\s*)?')
_STARTS = re.compile(r"[<`~\[{◁]")


@dataclass
class _Call:
    """A call as JSON, behind its opening, that is read once however it comes in pieces."""

    read: str | None = None
    """All of it so far, where it is an object that may turn out to be text."""
    depth: int = 1
    quoted: bool = False
    escaped: bool = False

    def end(self, text: str) -> int:
        """How many signs of ``text`` belong to the call, where it ends there; else 0."""
        for place, sign in enumerate(text, 1):
            if self.escaped or sign == "\\":
                self.escaped = not self.escaped
            elif sign == '"':
                self.quoted = not self.quoted
            elif not self.quoted and sign in "{}":
                self.depth += 1 if sign == "{" else -1
                if self.depth == 0:
                    return place
        return 0


@dataclass
class HiddenText:
    """Leaves hidden blocks out of a text that comes in pieces; one object an answer.

    What may be the beginning of a block is held until that is known, so plain words are never delayed.

    >>> answer = HiddenText()
    >>> answer.visible("<thi"), answer.visible("nk>Let me see.</think>We have"), answer.visible(" a table.")
    ('', 'We have', ' a table.')
    >>> answer.found
    True
    """

    says_objects: bool = False
    """Whether objects are text that is no call's, as in writing or after one that did not end."""
    found: bool = False
    """Whether anything was left out."""
    thought_aloud: bool = False
    """Whether thinking has ended that was not seen to begin: a model's template may begin it."""
    _held: str = ""
    _judged: int = 0
    """Signs at the beginning of what is held that were read, and may yet become an opening."""
    _until: re.Pattern[str] | None = None
    _call: _Call | None = None
    _skipped: int = 0

    def visible(self, text: str) -> str:
        """What can be said already of all that has come so far."""
        self._held += text
        return self._read(final=False)

    def rest(self) -> str:
        """What was held at the end of an answer; an object without an end is text, a block is not."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> str:
        out: list[str] = []
        more = bool(self._held or self._call)
        while more:
            if self._call:
                more = self._leave_call(self._call, final=final)
            elif self._until:
                more = self._leave(self._until, final=final)
            else:
                more = self._take(out, final=final)
            more = more and bool(self._held)
        return "".join(out)

    def _leave(self, until: re.Pattern[str], *, final: bool) -> bool:
        """Drop what belongs to a block; whether it is over."""
        end, room = until.search(self._held), LONGEST_HIDDEN - self._skipped
        if end and end.start() < room:
            self._held, self._until, self._skipped = self._held[end.end() :], None, 0
            return True
        keep = 0 if final else min(len(self._held), _KEPT)
        self._drop(min(len(self._held) - keep, room))
        return self._until is None

    def _leave_call(self, call: _Call, *, final: bool) -> bool:
        """Drop a call that was written as JSON, up to the brace that closes it; whether it is over."""
        room = LONGEST_HIDDEN - self._skipped if call.read is None else LONGEST_OBJECT - len(call.read)
        end = call.end(self._held[:room])
        if end:
            self._held, self._call, self._skipped, self.found = self._held[end:], None, 0, True
            return True
        if call.read is not None:
            return self._keep_object(call.read + self._held[:room], self._held[room:], call, final=final)
        self._drop(min(len(self._held), room))
        return self._call is None

    def _keep_object(self, read: str, behind: str, call: _Call, *, final: bool) -> bool:
        """Keep what has come of an object; whether that is text, as it has no end."""
        self._held, call.read = behind, read
        if not final and len(read) < LONGEST_OBJECT:
            return False
        self._held, self._call, self.says_objects = read + behind, None, True
        return True

    def _drop(self, signs: int) -> None:
        """Leave ``signs`` of what is held out; a block that is too long is over."""
        self._held, self._skipped = self._held[signs:], self._skipped + signs
        if self._skipped >= LONGEST_HIDDEN:
            self._until, self._call, self._skipped = None, None, 0

    def _take(self, out: list[str], *, final: bool) -> bool:
        """Put the text before the next block into ``out``; whether there is more to read.

        Each sign is judged by those before it alone, so that it doesn't matter how a text comes in pieces.
        """
        start = _STARTS.search(self._held)
        place = start.start() if start else len(self._held)
        out.append(self._held[:place])
        self._held = self._held[place:]
        while self._judged < len(self._held):
            self._judged += 1
            opening = self._held[: self._judged]
            if self._open(opening):
                out.append(line_tags.instead(opening))
                self._held, self._judged = self._held[len(opening) :], 0
                return True
            if not _may_open(opening):
                break
        else:
            if not final or not self._held:
                return False
        out.append(self._held[0])
        self._held, self._judged = self._held[1:], 0
        return True

    def _open(self, text: str) -> bool:
        """Whether ``text`` is a mark without a meaning for the voice, or the opening of a block."""
        if _CALL.fullmatch(text):
            self._call = _Call()
        elif _OBJECT.fullmatch(text) and not self.says_objects:
            self._call = _Call(text)
            return True
        elif until := _closing(text):
            self._until = until
        elif text not in _MEANINGLESS and not _MARK.fullmatch(text):
            return False
        elif _STRAY_END.fullmatch(text):
            self.thought_aloud = True
        self.found = True
        return True


def _may_open(text: str) -> bool:
    """Whether more text could make an opening of ``text``.

    >>> _may_open("<thi"), _may_open("<ada@"), _may_open("2")
    (True, False, False)
    """
    sign = text[0]
    if sign == "<":
        return len(text) < LONGEST_TAG and "\n\n" not in text and _MAY_BE_TAG.fullmatch(text) is not None
    if sign == "{":
        return len(text) < _LONGEST_KEY and _MAY_BE_CALL.fullmatch(text) is not None
    if sign in "[◁":
        return any(name.startswith(text) for name in _BRACKETED)
    return sign in "`~" and len(text) < 3 and set(text) == {sign}


def _closing(opening: str) -> re.Pattern[str] | None:
    """What closes the block that ``opening`` begins; None where it begins none."""
    if (tag := _TAG.fullmatch(opening)) and not opening.endswith("/>"):
        return re.compile(
            rf"<\s{{0,4}}/\s{{0,4}}(?:[a-z]{{1,20}}:)?{re.escape(tag[1])}\s{{0,4}}>", re.IGNORECASE
        )
    if _SPECIAL.fullmatch(opening):
        return _SPECIAL_END
    if opening == _CHANNEL:
        return _FINAL
    if opening in _THINKS:
        return re.compile(re.escape(_THINKS[opening]))
    if opening == "<!--":
        return _COMMENT_END
    if _MARKER.fullmatch(opening):
        return _MARKER_END
    return re.compile(re.escape(opening)) if _FENCE.fullmatch(opening) else None
