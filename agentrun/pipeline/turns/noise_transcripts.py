"""Recognizes transcripts that a service makes up for noise and silence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame, TranscriptionFrame
from pipecat.services.whisper.utils import extract_deepgram_probability, extract_whisper_probability

from agentrun.text_normalization import words as texts

WEAK_SECONDS = 0.25
"""Shorter speech is hardly a word: voice detection takes 0.2 s of sound to begin."""
QUIET_DBFS = -50.0
"""Speech on a telephone is far above it (-30 and more in its loudest 100 ms), a quiet line's noise below."""
UNSURE = 0.4
"""Below this probability a service itself hardly believes its words."""
_FULL_SCALE = 32768.0
_LEAST_ECHO_WORDS = 4
"""A part of the prompt this long may be an echo; shorter ones are what a caller may well say."""
_MOST_WORDS_A_SECOND = 5.0
"""People say two to three; what is far faster was not said in that time."""
_WORDS = re.compile(r"[^\W_]+")


def _words(text: str) -> list[str]:
    """The words of ``text``, and each character of a script without spaces."""
    runs = _WORDS.findall(text.replace("'", "").replace("’", ""))
    return [word.lower() for run in runs for word in texts.pieces(run)]


def _size(words: Sequence[str]) -> int:
    return texts.count(" ".join(words))


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(_words(phrase)) for phrase in text.split(";"))


INVENTED = _phrases(
    """
    thank you for watching; thanks for watching; thank you so much for watching; please subscribe;
    subscribe to my channel; like and subscribe; please like and subscribe;
    see you in the next video; dont forget to subscribe; subtitles by the amara org community;
    transcription by castingwords; www mooji org; untertitel der amara org community;
    untertitel im auftrag des zdf; untertitelung des zdf;
    untertitelung aufgrund der amara org community; vielen dank fürs zuschauen;
    sous titres réalisés par la communauté d'amara org; sous titrage st 501; merci d'avoir regardé;
    merci d'avoir regardé cette vidéo; abonnez vous;
    subtítulos realizados por la comunidad de amara org; gracias por ver el vídeo;
    gracias por ver el video; suscríbete al canal; sottotitoli creati dalla comunità amara org;
    sottotitoli e revisione a cura di qtss; grazie per aver guardato il video;
    legendas pela comunidade amara org; obrigado por assistir;
    ondertiteld door de amara org gemeenschap; bedankt voor het kijken; ご視聴ありがとうございました;
    请不吝点赞 订阅 转发 打赏支持明镜与点点栏目; 시청해주셔서 감사합니다
    """
)
"""Captions of films, which a transcription learnt from: nobody says them to an agent."""
SHORT = _phrases(
    """
    you; thank you; thank you very much; thanks; bye; bye bye; goodbye; so; oh; uh; um; hmm; mm; mhm;
    the; i; and; danke; vielen dank; tschüss; merci; au revoir; gracias; adiós; grazie; ciao;
    obrigado; tchau; bedankt
    """
)
"""What a transcription makes of next to nothing, and callers say too: dropped where there was no speech.

Answers such as yes and no are not among them: a short one is still one."""
_LOOP = re.compile(r"(.{1,60}? )\1{7,}.{0,60}")
"""A transcription that goes round in circles, as Whisper does over noise."""
_MOST_LOOKED_AT = 2_000
_BRACKETS = re.compile(r"(?:\[[^\]]*\]|\([^)]*\)|<[^>]*>|\*[^*]*\*|【[^】]*】|[♪♫][^♪♫]*|[\s.,!?-])+")


@dataclass(frozen=True)
class Evidence:
    """What speaks for a transcript; None is not known.

    ``seconds`` of speech that the voice detector heard, ``loudness`` of their loudest 100 ms in dBFS, and
    the ``probability`` that the service gives its words.
    """

    seconds: float | None = None
    loudness: float | None = None
    probability: float | None = None

    @property
    def is_weak(self) -> bool:
        """Whether one of the signs says that there was hardly speech."""
        return (
            (self.seconds is not None and self.seconds < WEAK_SECONDS)
            or (self.loudness is not None and self.loudness < QUIET_DBFS)
            or (self.probability is not None and self.probability < UNSURE)
        )

    def holds(self, words: int) -> bool:
        """Whether there was surely speech enough for so many ``words``."""
        return self.seconds is not None and words <= self.seconds * _MOST_WORDS_A_SECOND


def reason(text: str, prompt: str, evidence: Evidence) -> str:
    """Why ``text`` is not taken for the caller's words; empty where it is. ``prompt`` is the service's.

    >>> reason("[BLANK_AUDIO]", "", Evidence())
    'a note of the transcription, and no words'
    >>> reason("Thank you.", "", Evidence(seconds=0.2)), reason("Thank you.", "", Evidence(seconds=0.9))
    ('a stock phrase where there was hardly speech', '')
    """
    words = _words(text)
    if not words:
        return "no letter or digit"
    if is_note(text):
        return "a note of the transcription, and no words"
    if _echoes(words, prompt, evidence):
        return "the transcription's own prompt"
    utterance = " ".join(words)
    if any(utterance == phrase or _is_repeated(utterance, phrase) for phrase in INVENTED):
        return "a caption that transcriptions invent"
    if _is_loop(utterance, words, evidence):
        return "the same words again and again, and no time to say them"
    if evidence.is_weak and any(utterance == phrase or _is_repeated(utterance, phrase) for phrase in SHORT):
        return "a stock phrase where there was hardly speech"
    return ""


def is_note(text: str) -> bool:
    """Whether ``text`` holds no words at all; known without evidence, while it is still written."""
    if not _words(text):
        return True
    return _BRACKETS.fullmatch(text.strip()) is not None and not re.search(r"\d", text)


def loudness(frames: Iterator[Frame]) -> float | None:
    """The loudest 100 ms of the sound among ``frames``, in dB of full scale; None without sound."""
    pieces = [frame for frame in frames if isinstance(frame, InputAudioRawFrame)]
    if not pieces:
        return None
    sound = np.frombuffer(b"".join(piece.audio for piece in pieces), dtype="<i2").astype(np.float32)
    window = max(1, pieces[0].sample_rate * pieces[0].num_channels // 10)
    whole = sound[: len(sound) // window * window] if len(sound) >= window else sound
    rows = whole.reshape(-1, min(window, len(whole)) or 1)
    # not the root of the mean square: a line's constant is no sound
    loudest = float(rows.std(axis=1).max(initial=0.0))
    return 20 * float(np.log10(max(loudest, 1.0) / _FULL_SCALE))


def probability(frame: TranscriptionFrame) -> float | None:
    """How sure the service is of its words, from 0 to 1, where it says so."""
    for extract in (extract_whisper_probability, extract_deepgram_probability, _of_tokens):
        value = extract(frame)
        if value is not None:
            return float(value)
    return None


def _of_tokens(frame: TranscriptionFrame) -> float | None:
    """Of OpenAI's own transcriptions. Pipecat 1.14 adds up their objects as if they were numbers."""
    tokens = getattr(frame.result, "logprobs", None) or ()
    logprobs = [one.logprob for one in tokens if isinstance(getattr(one, "logprob", None), int | float)]
    return math.exp(sum(logprobs) / len(logprobs)) if logprobs else None


def _echoes(words: list[str], prompt: str, evidence: Evidence) -> bool:
    """Whether the prompt comes back: all of it, whole sentences of it, or it again and again.

    A prompt names what callers may say: a word or a sentence of it is theirs where there was speech for it.
    """
    own = _words(prompt)
    if not own:
        return False
    sentences = [found for one in re.split(r"[.!?;\n]+", prompt) if (found := _words(one))]
    if _size(own) >= _LEAST_ECHO_WORDS and words[: len(own)] == own:
        again = not len(words) % len(own) and words == own * (len(words) // len(own))
        if again or len(sentences) > 1:
            return True
    if words not in sentences and words[: len(own)] != own:
        return False
    size = _size(words)
    return evidence.is_weak or (size >= _LEAST_ECHO_WORDS and not evidence.holds(size))


def _is_loop(utterance: str, words: Sequence[str], evidence: Evidence) -> bool:
    """Whether a few words come again and again, more often than there was time to say them."""
    if evidence.seconds is None or evidence.holds(_size(words)):
        return False
    return _LOOP.fullmatch(f"{utterance[:_MOST_LOOKED_AT]} ") is not None


def _is_repeated(said: str, phrase: str) -> bool:
    """``phrase`` and nothing else, twice or more."""
    return len(said) > len(phrase) and not said.replace(phrase, "").strip()
