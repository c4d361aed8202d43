"""A piece of an answer: its words, and the length of their audio."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pipecat.frames.frames import AggregatedTextFrame, TTSTextFrame
from pipecat.utils.text.base_text_aggregator import TextType

from agentrun.text_normalization import words as texts

UNTOLD = "agentrun_untold"
"""Marks words of a sentence that a voice has not timed, and that Pipecat takes for spoken at the end."""
SLACK_SECONDS = 0.15
"""How far the line's clock may lag behind the audio."""


@dataclass
class Piece:
    """Words of one answer, and how much of their audio has arrived; ``whole`` when no more of it will,
    and ``broken`` when it is less than all of theirs.

    ``segment`` and ``context`` are the speech service's names for them. Of words that are not ``remembered``
    the model is not to know. What a service that times its words has ``told`` is the beginning of them.
    ``sounded`` is whether sound has come since they were announced.
    """

    answer: int
    words: str
    segment: int = 0
    seconds: float = 0.0
    whole: bool = False
    broken: bool = False
    context: str | None = None
    remembered: bool = True
    told: str = ""
    sounded: bool = False

    def tell(self, word: str) -> None:
        """Note that it is time for the next word."""
        self.told = _joined((self.told, word.strip()))
        self.whole = self.whole or len("".join(self.told.split())) >= len("".join(self.words.split()))

    def end_as_told(self) -> None:
        """Note that the remaining words will not be heard."""
        self.words, self.whole = self.told, True

    @property
    def length(self) -> float:
        """Seconds that the words take: the length of their audio, estimated while it has not arrived."""
        return self.seconds if self.whole else max(self.seconds, texts.seconds(self.words))

    def share_of(self, text: str, seconds: float) -> str:
        """The words of ``text`` that are spoken in the first ``seconds``; all if ``text`` takes no time."""
        return texts.beginning(text, seconds / self.length if self.length > 0 else 1.0)


def heard(pieces: Sequence[Piece], played: float, silent: Collection[int] = ()) -> tuple[str, str]:
    """The words of ``pieces`` in the first ``played`` seconds: all of them, and those that are remembered.

    Of the segments that were ``silent`` there are none.
    """
    said: list[tuple[Piece, str]] = []
    for piece in pieces:
        said.append((piece, piece.share_of(piece.words, played)))
        played -= piece.length
        if played <= 0:
            break
    audible = [(piece, words) for piece, words in said if piece.segment not in silent]
    remembered = _joined(words for piece, words in audible if piece.remembered)
    return _joined(words for _, words in audible), remembered


def count(pieces: Sequence[Piece], words: str, played: float) -> int:
    """How many of ``pieces``, the first of which were played for so many seconds, ``words`` are."""
    rest, equal = "".join(words.split()), 0
    for piece in pieces:
        own = "".join(piece.words.split())
        if not rest.startswith(own):
            break
        rest, equal = rest[len(own) :], equal + 1
    if equal:
        return equal
    # the words were changed on their way: it is what has been played
    for piece in pieces:
        if not piece.whole or (played := played - piece.seconds) < -SLACK_SECONDS:
            break
        equal += 1
    return equal


def take_silent(pieces: list[Piece], frame: AggregatedTextFrame) -> bool:
    """Whether a speech service tells of words that it has not spoken; their piece is ended, or taken away.

    It says that it has spoken a sentence also where it failed at all of it, or at words it had not timed.
    """
    told = frame.text_type is TextType.WORD and not frame.metadata.get(UNTOLD)
    if told or not isinstance(frame, TTSTextFrame):
        return False
    text = (frame.raw_text or frame.text).strip()
    for piece in pieces:
        if piece.segment == frame.segment_id and not piece.sounded and piece.words.strip() == text:
            pieces.remove(piece)
            return True
        if piece.segment == frame.segment_id and piece.broken and frame.text_type is TextType.WORD:
            piece.end_as_told()
            return True
    return False


def tell(pieces: Sequence[Piece], frame: TTSTextFrame) -> None:
    """A word of a sentence is said, or all that was to be said of one."""
    for piece in pieces:
        if piece.segment == frame.segment_id and frame.text_type is TextType.WORD:
            piece.tell(frame.text)
        elif piece.segment == frame.segment_id:
            words = frame.raw_text or frame.text
            if piece.broken:
                words = piece.share_of(words, piece.seconds)
                frame.text = frame.raw_text = words
            piece.words, piece.whole = words, True


def next_to_sound(pieces: Sequence[Piece]) -> Piece | None:
    """Whose the sound is that comes now: the first's of those that are not whole and not as long as usual.

    A service that streams announces sentences before the sound of those before them has come, though not
    before that of another context has.
    """
    unfinished = [piece for piece in pieces if not piece.whole and piece.context == pieces[-1].context]
    for piece in unfinished:
        piece.sounded = True
    short = (piece for piece in unfinished if piece.seconds < texts.seconds(piece.words))
    return next(short, unfinished[-1] if unfinished else None)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
