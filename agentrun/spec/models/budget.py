"""``budget:`` in a spec: upper limits for response times."""

from pydantic import Field

from agentrun.spec.models.base import SpecModel
from agentrun.spec.values.durations import Duration


class Budget(SpecModel):
    """Limits for response times: `agentrun test --audio` fails if they are exceeded, `calls` shows it."""

    first_audio: Duration | None = Field(
        default=None, gt=0, description="From the beginning of a call to the first audio of the greeting."
    )
    turn_p95: Duration | None = Field(
        default=None,
        gt=0,
        description="From the caller's last word to the first audio of the answer, in 95 % of turns.",
        examples=["1.5s"],
    )
