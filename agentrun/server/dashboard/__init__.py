"""The dashboard: live calls, past calls, and charts, rendered on the server."""

from agentrun.server.dashboard.access import VARIABLE
from agentrun.server.dashboard.routes import is_open, router, write_errors

__all__ = ["VARIABLE", "is_open", "router", "write_errors"]
