"""``search_knowledge``: the agent looks something up in its documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentrun.call import Call
from agentrun.spec.models.tools.knowledge import Knowledge
from agentrun.tools.knowledge import embeddings as vectors
from agentrun.tools.knowledge.index import search

NOTHING = "Nothing was found. Try other words, or tell the caller that you don't know."


def make(beside: Path, agent: str, knowledge: Knowledge) -> Callable[[Call, str], list[dict[str, str]] | str]:
    """The tool over the documents of ``knowledge``; its index is kept in ``.agentrun`` of ``beside``."""
    folder = beside / knowledge.folder
    cache = beside / ".agentrun" / f"knowledge-{agent}.sqlite"

    def search_knowledge(call: Call, query: str) -> list[dict[str, str]] | str:
        """Look something up in the documents. Answer from what they say, and from nothing else.

        Args:
            query: What to look for, in a few words, such as: check-out time.
        """
        most, embeddings = knowledge.results, knowledge.embeddings
        if embeddings and not call.offline:
            hits = vectors.search(folder, cache, query, most, embeddings, call.environ)
        else:
            hits = search(folder, cache, query, most)
        return [
            {"source": " > ".join(filter(None, (hit.source, hit.heading))), "text": hit.text} for hit in hits
        ] or NOTHING

    return search_knowledge
