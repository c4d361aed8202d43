"""The dashboard: live calls, past calls, and charts, as pages that the server writes."""

from agentrun.server.dashboard.access import VARIABLE
from agentrun.server.dashboard.routes import is_open, router, write_errors

__all__ = ["VARIABLE", "is_open", "router", "write_errors"]
