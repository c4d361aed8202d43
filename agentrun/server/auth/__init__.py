"""Authentication: the server's API key, start tokens, and routes for this machine alone."""
