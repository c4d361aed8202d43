"""``save:``: variables that take their value from a result."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Text
from agentrun.spec.models.tools.extracted_fields import MOST_FIELDS, VariableName


def is_path(value: str) -> str:
    """``value``, which is JMESPath."""
    import jmespath  # only for a spec that has a path

    try:
        jmespath.compile(value)
    except jmespath.exceptions.JMESPathError:
        hint = "write a path such as order.status, or items[].name"
        raise PydanticCustomError(
            "path", "'{given}' is not JMESPath", {"given": value, "hint": hint}
        ) from None
    return value


Path = Annotated[Text, AfterValidator(is_path)]
Saved = Annotated[dict[VariableName, Path], Field(max_length=MOST_FIELDS)]
"""Paths by the name of the variable; `@` is the whole result."""
