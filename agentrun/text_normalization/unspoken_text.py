"""What a model writes and no caller should hear: its thinking, code, and calls of tools that leaked."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_TAG = 200
"""Characters that an opening tag may have; what goes on longer is text."""
LONGEST_HIDDEN = 20_000
"""Characters that are left out in one piece; a block that never ends gives up there, and is heard again."""
_KEPT = 40
"""Characters that the end of a block may have, which may come in two pieces."""
_BLOCKS = (
    *("think", "thinking", "thought", "reasoning", "reflection", "scratchpad", "analysis"),
    *("tool_call", "tool_calls", "tool_code", "tool_use", "tool", "function", "function_call"),
    *("function_calls", "invoke", "script", "style", "svg"),
)
_TAG = re.compile(rf"<\s*(?:[a-z]+:)?({'|'.join(_BLOCKS)})(?:[\s=:][^<>]*)?>", re.IGNORECASE)
_SPECIAL = re.compile(r"<\|(?:tool_calls?|tool_call_begin|python_tag|tool_calls_section_begin|channel)\|>")
_SPECIAL_END = re.compile(r"<\|(?:/?tool_call|[a-z_]*end|eom_id|eot_id|message)\|>")
_MARKER = re.compile(r"\[TOOL_(?:CALLS?|REQUEST)\]")
_MARKER_END = re.compile(r"\[(?:END_TOOL_REQUEST|/TOOL_\w+)\]|\}\s*\]|\n")
_MARK = re.compile(r"<\|[^|<>\n]{1,60}\|>|</?[a-zA-Z][^<>\n]{0,180}>|<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"```+|~~~+")
_CALL = re.compile(r'\{\s*"(?:name|function|tool|tool_name|tool_calls|action|recipient_name)"\s*:')
_MAY_BE_CALL = re.compile(r'\{\s*(?:"[a-z_]{0,20}"?\s*)?')
_BRACES = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
_STARTS = re.compile(r"[<`~\[{]")


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

    found: bool = False
    """Whether anything was left out."""
    _held: str = ""
    _until: re.Pattern[str] | None = None
    _depth: int = 0
    _skipped: int = 0

    def visible(self, text: str) -> str:
        """What can be said already of all that has come so far."""
        self._held += text
        return self._read(final=False)

    def rest(self) -> str:
        """What was held at the end of an answer; a block that was not closed stays left out."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> str:
        out: list[str] = []
        more = bool(self._held)
        while more:
            if self._depth:
                more = self._leave_call(final=final)
            elif self._until:
                more = self._leave(self._until, final=final)
            else:
                more = self._take(out, final=final)
            more = more and bool(self._held)
        return "".join(out)

    def _leave(self, until: re.Pattern[str], *, final: bool) -> bool:
        """Drop what belongs to a block; whether it is over."""
        end = until.search(self._held)
        if end:
            self._held, self._until, self._skipped = self._held[end.end() :], None, 0
            return True
        keep = 0 if final else min(len(self._held), _KEPT)
        self._skipped += len(self._held) - keep
        self._held = self._held[len(self._held) - keep :]
        if self._skipped > LONGEST_HIDDEN:
            self._until, self._skipped = None, 0
        return self._until is None

    def _leave_call(self, *, final: bool) -> bool:
        """Drop a call that was written as JSON, up to the brace that closes it."""
        depth = 0
        for brace in _BRACES.finditer(self._held):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if depth == 0 and brace[0] == "}":
                self._held, self._depth = self._held[brace.end() :], 0
                return True
        if final or len(self._held) > LONGEST_HIDDEN:
            self._held, self._depth = "", 0
        return False

    def _take(self, out: list[str], *, final: bool) -> bool:
        """Put the text before the next block into ``out``; whether there is more to read."""
        start = _STARTS.search(self._held)
        place = start.start() if start else len(self._held)
        out.append(self._held[:place])
        self._held = self._held[place:]
        if not self._held or self._open():
            return bool(self._held)
        if mark := _MARK.match(self._held):
            self._held, self.found = self._held[mark.end() :], True
            return True
        if not final and self._may_open():
            return False
        out.append(self._held[0])
        self._held = self._held[1:]
        return True

    def _open(self) -> bool:
        """Whether a block begins with what is held; its opening is gone then."""
        text = self._held
        if _CALL.match(text):
            self._depth, self.found = 1, True
            return True
        opening, until = _opening(text)
        if opening is None:
            return False
        self._held, self._until, self.found = text[opening.end() :], until, True
        return True

    def _may_open(self) -> bool:
        """Whether more text could make an opening of what is held."""
        text, sign = self._held, self._held[0]
        if sign == "<":
            second = text[1:2]
            plausible = not second or second in "/|!" or second.isalpha()
            return plausible and ">" not in text and len(text) < LONGEST_TAG and "\n\n" not in text
        if sign == "{":
            return len(text) < _KEPT and _MAY_BE_CALL.fullmatch(text) is not None
        if sign == "[":
            return any(name.startswith(text) for name in ("[TOOL_CALLS]", "[TOOL_CALL]", "[TOOL_REQUEST]"))
        return len(text) < 3 and set(text) == {sign}


def _opening(held: str) -> tuple[re.Match[str] | None, re.Pattern[str] | None]:
    """The opening of a block that stands first, and what closes the block."""
    if (tag := _TAG.match(held)) and not tag[0].endswith("/>"):
        name = re.escape(tag[1])
        return tag, re.compile(rf"<\s*/\s*(?:[a-z]+:)?{name}\s*>", re.IGNORECASE)
    if special := _SPECIAL.match(held):
        return special, _SPECIAL_END
    if marker := _MARKER.match(held):
        return marker, _MARKER_END
    if fence := _FENCE.match(held):
        return fence, re.compile(re.escape(fence[0]))
    return None, None
