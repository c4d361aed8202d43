"""What stands in a spec when nothing is said: made without validation at import, so it is validated here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agentrun.spec.models.after_call import AnalysisTest
from agentrun.spec.models.agent import AgentSpec, TwilioTransport
from agentrun.spec.models.base import SpecModel
from agentrun.spec.models.daily import DailyTransport


def defaults(model: type[SpecModel]) -> Iterator[tuple[str, Any]]:
    """Every default that is a model itself, below ``model`` too."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, SpecModel):
            yield f"{model.__name__}.{name}", field.default
            yield from defaults(type(field.default))


MODELS = (AgentSpec, TwilioTransport, DailyTransport, AnalysisTest)
USUAL = [one for model in MODELS for one in defaults(model)]


@pytest.mark.parametrize("usual", [usual for _, usual in USUAL], ids=[name for name, _ in USUAL])
def test_a_default_is_what_validation_makes_of_an_empty_mapping(usual: SpecModel) -> None:
    assert usual == type(usual).model_validate({})
    assert usual.model_dump() == type(usual)().model_dump()
