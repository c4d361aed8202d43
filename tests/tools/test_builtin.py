"""The tools that come with agentrun are imported when a spec names them."""

from __future__ import annotations

import pytest

from agentrun.spec.models.base import SpecModel
from agentrun.tools.builtin import BUILTINS, builtin


@pytest.mark.parametrize("name", BUILTINS)
def test_each_name_leads_to_a_tool_with_settings(name: str) -> None:
    tool = builtin(name)
    assert issubclass(tool.settings, SpecModel)
    assert callable(tool.make)


def test_another_name_is_none_of_them() -> None:
    with pytest.raises(KeyError):
        builtin("shop")
