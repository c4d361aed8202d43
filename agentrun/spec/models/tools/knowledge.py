"""``knowledge:`` in a spec: documents that the agent can search."""

from typing import Annotated

from pydantic import Field, StringConstraints

from agentrun.spec.models.base import Count, SpecModel, Text, word


class Embeddings(SpecModel):
    """A model for searching by meaning as well as by words; at any address that speaks OpenAI's API."""

    model: Text = Field(description="The model.", examples=["text-embedding-3-small"])
    base_url: Text = Field(
        default="${OPENAI_BASE_URL:-https://api.openai.com/v1}", description="The address of its API."
    )
    api_key: Annotated[str, StringConstraints(pattern=r"\$\{")] = Field(
        default="${OPENAI_API_KEY}", description="The variable that holds its key."
    )


class Knowledge(SpecModel):
    """A folder of documents; `knowledge: docs` is short for `knowledge: {folder: docs}`."""

    folder: Text = Field(
        description="A folder of Markdown, text, HTML and PDF files, next to the spec.", examples=["docs"]
    )
    results: Count = Field(default=3, ge=1, le=10, description="How many passages a search finds.")
    embeddings: Annotated[Embeddings | None, word("model")] = Field(
        default=None, description="Search by meaning as well; without it, by words only."
    )
