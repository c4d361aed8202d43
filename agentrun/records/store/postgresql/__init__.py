"""PostgreSQL connections: through poolers and unreliable networks, whatever the server's defaults."""
