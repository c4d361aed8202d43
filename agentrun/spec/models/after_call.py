"""``after_call:`` in a spec: post-call analysis by a model."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Count, Flag, Number, SpecModel, Text, list_of_one, word
from agentrun.spec.models.pipeline import Alternative
from agentrun.spec.models.tools.extracted_fields import Fields
from agentrun.spec.values.durations import Duration

RESERVED = ("summary", "success", "state")
"""Names that ``calls list --where`` has for something else."""


class AfterCall(SpecModel):
    """Post-call analysis by a model; the caller never waits for it."""

    model: Annotated[Alternative | None, word("model")] = Field(
        default=None,
        description="The model that is asked; `pipeline.llm` by default.",
        examples=["openai/gpt-4o-mini"],
    )
    summary: Flag | Text = Field(
        default=True,
        description="Whether to write a summary of a few sentences, or what it should be like in your words.",
    )
    success: Text | None = Field(
        default=None,
        description="When a call counts as a success; the model answers yes, no, or can't tell.",
        examples=["the booking was made"],
    )
    fields: Fields = Field(
        default={},
        description="Further fields to extract, by name; null if the conversation doesn't say.",
        examples=[{"satisfied": "boolean", "reason": {"enum": ["price", "other"]}}],
    )
    timeout: Duration = Field(
        default=60.0,
        gt=0,
        le=600,
        description="How long it may take, with all retries.",
        examples=["30s", "5m"],
    )

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if not (self.summary or self.success or self.fields):
            raise _wrong("nothing is asked: write `summary: true`, `success:` or `fields:`")
        for name in RESERVED:
            if name in self.fields:
                raise _wrong(f"'{name}' is reserved: every analysis has one")
        return self


class ExpectedAnalysis(SpecModel):
    """What the analysis must have found; `fields` is compared as a subset."""

    state: Literal["done", "failed", "skipped"] = Field(default="done", description="What came of it.")
    success: Flag | None = Field(default=None, description="What `success` must be; null if not to be told.")
    summary_contains: Text | None = Field(default=None, description="What the summary must contain.")
    fields: dict[str, str | Flag | Count | Number | list[Any] | None] = Field(
        default={}, description="Values that fields must have."
    )


class AnalysisTest(SpecModel):
    """The analysis in a test: what the model answers (scripted), and what must come of it."""

    llm: Annotated[tuple[dict[str, Any] | Text, ...], list_of_one] = Field(
        default=(),
        description="The model's answers, one for each try; a text is given as it is, so that it may be bad.",
    )
    expect: ExpectedAnalysis = ExpectedAnalysis.model_construct()


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("together", "{message}", {"message": message})
