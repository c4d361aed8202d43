"""``search_knowledge``: the agent searches its documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentrun.call import Call
from agentrun.spec.models.tools.knowledge import Knowledge
from agentrun.tools.knowledge.embeddings import SemanticSearch
from agentrun.tools.knowledge.index import Unwritten, search

NOTHING = "Nothing was found. Try other words, or tell the caller that you don't know."


def make(beside: Path, agent: str, knowledge: Knowledge) -> Callable[[Call, str], list[dict[str, str]] | str]:
    """The tool over the documents of ``knowledge``; its index is kept in ``.agentrun`` of ``beside``."""
    folder = beside / knowledge.folder
    cache = beside / ".agentrun" / f"knowledge-{agent}.sqlite"
    embeddings = knowledge.embeddings
    by_meaning = SemanticSearch(folder, cache, embeddings) if embeddings else None
    unwritten = Unwritten()

    def search_knowledge(call: Call, query: str) -> list[dict[str, str]] | str:
        """Look something up in the documents. Answer from what they say, and from nothing else.

        Args:
            query: What to look for, in a few words, such as: check-out time.
        """
        if by_meaning and not call.offline:
            hits = by_meaning.search(query, knowledge.results, call.environ)
        else:
            hits = search(folder, cache, query, knowledge.results, unwritten)
        return [
            {"source": " > ".join(filter(None, (hit.source, hit.heading))), "text": hit.text} for hit in hits
        ] or NOTHING

    return search_knowledge
