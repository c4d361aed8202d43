"""Who may do what: the server's key, start tokens, and routes for this machine alone."""
