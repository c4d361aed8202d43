"""One call, from connect to hang-up."""

from agentrun.session.session import Session

__all__ = ["Session"]
