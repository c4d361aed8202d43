"""The ASGI application: its routes, and what holds for every request."""
