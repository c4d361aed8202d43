"""The spec of an agent: its models, and loading it from YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.lazy_names import lazy_names

if TYPE_CHECKING:
    from agentrun.spec.loading.load import load

__all__ = ["load"]
__getattr__ = lazy_names(__name__, {"load": "agentrun.spec.loading.load"})
