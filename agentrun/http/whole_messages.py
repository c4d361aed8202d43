"""Text messages of a WebSocket that came in one piece, read without the steps of websockets' parser.

The parser is a generator that waits at four places within each message. A telephone's messages have some 300
bytes, and each comes whole.
"""

from __future__ import annotations

from typing import Any

from websockets.frames import apply_mask  # type: ignore[attr-defined]
from websockets.protocol import Protocol, State
from websockets.streams import StreamReader

_WHOLE_TEXT = 0x81
"""A text message whose first frame is its last, without an extension's mark."""
_MASKED = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_MASK_BYTES = 4


def is_between_messages(protocol: Protocol) -> bool:
    """Whether the next byte that ``protocol`` is given is the first of a message.

    Never with a websockets that names its parts otherwise, as those before 16 do: it reads all by itself.
    """
    try:
        busy = protocol.current_size is not None or protocol.extensions
        step: Any = protocol.parser
    except AttributeError:
        return False
    if busy or protocol.state is not State.OPEN or not hasattr(protocol, "max_message_size"):
        return False
    while step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return step.gi_code is StreamReader.at_eof.__code__


def read_text(data: bytes, start: int, most: int | None) -> tuple[bytes, int] | None:
    """A client's text message that ``data`` has from ``start`` on, and where it ends.

    None for anything else: what is not whole, has more than ``most`` bytes, or is no such message.

    >>> read_text(bytes.fromhex("818200000000") + b"Hi" + bytes.fromhex("8180"), 0, None)
    (b'Hi', 8)
    """
    head = data[start : start + 4]
    if len(head) < _MASK_BYTES or head[0] != _WHOLE_TEXT or not head[1] & _MASKED:
        return None
    length, at = head[1] & ~_MASKED, start + 2
    if length == _EIGHT_BYTES:
        return None
    if length == _TWO_BYTES:
        length, at = int.from_bytes(head[2:]), start + 4
    text, end = at + _MASK_BYTES, at + _MASK_BYTES + length
    if end > len(data) or (most is not None and length > most):
        return None
    return apply_mask(data[text:end], data[at:text]), end
