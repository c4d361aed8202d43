"""``extraction:`` in a spec: how the fields of ``extract:`` are read."""

from typing import Annotated

from pydantic import Field

from agentrun.spec.models.base import SpecModel, word
from agentrun.spec.models.pipeline import ServiceSpec
from agentrun.spec.values.durations import Duration


class Extraction(SpecModel):
    """How the fields of `extract:` are read: in the background, after each turn of the caller."""

    model: Annotated[ServiceSpec | None, word("model")] = Field(
        default=None,
        description="The language model that reads them; `pipeline.llm` by default.",
        examples=["openai/gpt-4o-mini"],
    )
    timeout: Duration = Field(
        default=10.0,
        gt=0,
        le=60,
        description="How long reading them may take; the next turn tries again.",
        examples=["800ms", "30s"],
    )
    wait: Duration = Field(
        default=1.0,
        ge=0,
        le=5,
        description="How long a step of the flow waits for a field that is still being read.",
        examples=["800ms", "3s"],
    )
