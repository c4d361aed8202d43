"""``python -m agentrun``."""

from agentrun.cli.main import run

run()
