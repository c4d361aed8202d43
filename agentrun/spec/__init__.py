"""What an agent is: the models, and loading them from YAML."""

from agentrun.spec.loading.load import load

__all__ = ["load"]
