"""The ASGI application: its routes, and limits for every request."""
