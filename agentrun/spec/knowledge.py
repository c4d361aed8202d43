"""``knowledge:`` in a spec: documents that the agent may look things up in."""

from __future__ import annotations

from pydantic import Field

from agentrun.spec.parts import Count, SpecModel, Text


class Knowledge(SpecModel):
    """A folder of documents; `knowledge: docs` is short for `knowledge: {folder: docs}`."""

    folder: Text = Field(
        description="Markdown, text, HTML and PDF files, beside the spec.", examples=["docs"]
    )
    results: Count = Field(default=3, ge=1, le=10, description="Passages that one search gives.")
