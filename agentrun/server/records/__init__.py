"""A server's call records: written during calls, kept, delivered, and served over HTTP."""
