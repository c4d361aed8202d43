"""HTTP servers: binding a port early, and limits for slow clients."""
