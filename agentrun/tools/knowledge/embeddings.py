"""Semantic search over passages with a model's embeddings, combined with keyword ranking."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentrun.spec.models.tools.knowledge import Embeddings
from agentrun.tools.http.template import fill_variables
from agentrun.tools.knowledge import index
from agentrun.tools.knowledge.documents import Passage
from agentrun.tools.knowledge.vectors import Vectors

SECONDS = 5.0
WAIT_SECONDS = 0.5
"""How long a caller waits while another's search embeds documents; the words are searched at once."""
PAUSE_SECONDS = 30.0
"""How long a model is not asked that has kept a search waiting for nothing."""
AT_ONCE = 64
"""Passages of one request."""
_RANK = 60
"""How much the first places count when two rankings are joined (reciprocal rank fusion, Cormack 2009)."""


class _BusyError(OSError):
    """Another search has the model embed the documents."""


class SemanticSearch:
    """Searches the documents of ``folder`` by words and by meaning; the index of the words is at ``cache``.

    Each passage is embedded once: in a file beside ``cache``, or where none can be written, for as long as
    this object is there.
    """

    def __init__(self, folder: Path, cache: Path, embeddings: Embeddings) -> None:
        self._folder, self._cache, self._embeddings = folder, cache, embeddings
        self._kept = Vectors(cache.with_suffix(".vectors.sqlite"))
        self._unwritten = index.Unwritten()
        self._embedding = threading.Lock()
        self._asked_from = 0.0

    def search(self, query: str, most: int, environ: Mapping[str, str]) -> list[Passage]:
        """The ``most`` best passages by words and by meaning; by words alone if the model is not available.

        Blocks; raises OSError when the folder can't be read.
        """
        by_words = index.search(self._folder, self._cache, query, most * 4, self._unwritten)
        began = time.monotonic()
        if began < self._asked_from:
            return by_words[:most]
        passages = index.everything(self._folder, self._cache, self._unwritten)
        try:
            by_meaning = self._nearest(passages, query, environ)
        except (OSError, ValueError, LookupError) as error:
            from loguru import logger

            now = time.monotonic()
            if now - began >= WAIT_SECONDS and not isinstance(error, _BusyError):
                self._asked_from = now + PAUSE_SECONDS
            logger.warning("documents are searched by words alone: {}", error)
            return by_words[:most]
        return _joined(by_words, by_meaning[: most * 4])[:most]

    def _nearest(self, passages: Sequence[Passage], query: str, environ: Mapping[str, str]) -> list[Passage]:
        import numpy as np

        if not passages:
            return []
        vectors = self._vectors(passages, environ)
        (blob,) = _embed([query], self._embeddings, environ)
        every = np.stack([np.frombuffer(vector, np.float32) for vector in vectors])
        query_vector = np.frombuffer(blob, np.float32)
        lengths = np.linalg.norm(every, axis=1) * np.linalg.norm(query_vector) + 1e-12
        return [passages[place] for place in np.argsort(-(every @ query_vector) / lengths)]

    def _vectors(self, passages: Sequence[Passage], environ: Mapping[str, str]) -> list[bytes]:
        """The vector of each passage; those that were not seen before are asked for, and kept.

        Each portion is kept by itself: what is asked for next goes on after the last one that was answered.
        Several searches at once ask for them once; raises OSError for one that would wait for too long.
        """
        keys = [_key(passage, self._embeddings) for passage in passages]
        if not self._embedding.acquire(timeout=WAIT_SECONDS):
            raise _BusyError("the documents are just being embedded")
        try:
            vectors = self._kept.read()
            new = [(key, passage) for key, passage in zip(keys, passages, strict=True) if key not in vectors]
            for some in _in_portions(new):
                texts = [f"{passage.heading}\n{passage.text}" for _, passage in some]
                blobs = _embed(texts, self._embeddings, environ)
                rows = dict(zip([key for key, _ in some], blobs, strict=True))
                self._kept.add(rows)
                vectors |= rows
            if gone := set(vectors) - set(keys):
                self._kept.remove(gone)
        finally:
            self._embedding.release()
        return [vectors[key] for key in keys]


def _joined(*rankings: Sequence[Passage]) -> list[Passage]:
    """Both rankings as one; what stands in both comes first."""
    scores: dict[Passage, float] = {}
    for ranking in rankings:
        for place, passage in enumerate(ranking):
            scores[passage] = scores.get(passage, 0.0) + 1 / (_RANK + place)
    return sorted(scores, key=lambda passage: -scores[passage])


def _in_portions(new: Sequence[tuple[str, Passage]]) -> Iterator[Sequence[tuple[str, Passage]]]:
    return (new[start : start + AT_ONCE] for start in range(0, len(new), AT_ONCE))


def _key(passage: Passage, embeddings: Embeddings) -> str:
    text = "\0".join((embeddings.model, embeddings.base_url, passage.heading, passage.text))
    return hashlib.sha256(text.encode()).hexdigest()


def _embed(texts: Sequence[str], embeddings: Embeddings, environ: Mapping[str, str]) -> list[bytes]:
    """The vectors of ``texts`` as float32; raises OSError or ValueError for an answer that is none."""
    import httpx
    import numpy as np

    from agentrun.http import bounded_answers

    key = fill_variables(embeddings.api_key, environ)
    url = f"{fill_variables(embeddings.base_url, environ).rstrip('/')}/embeddings"
    body = {"model": embeddings.model, "input": list(texts), "encoding_format": "float"}
    try:
        headers = {**bounded_answers.ACCEPTED, "Authorization": f"Bearer {key}"}
        with httpx.Client(timeout=SECONDS, event_hooks={"response": [bounded_answers.bound]}) as client:
            answer = client.post(url, json=body, headers=headers)
        answer.raise_for_status()
        rows: list[dict[str, Any]] = sorted(answer.json()["data"], key=lambda row: row["index"])
        if len(rows) != len(texts):
            raise ValueError("the embeddings are not as many as the texts")
        return [np.asarray(row["embedding"], np.float32).tobytes() for row in rows]
    except httpx.HTTPStatusError as error:
        raise OSError(f"embeddings were answered with {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise OSError(f"embeddings can't be asked: {type(error).__name__}") from None
    except (KeyError, TypeError) as error:
        raise ValueError(f"the embeddings can't be read: {type(error).__name__}") from None
