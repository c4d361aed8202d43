"""Where records are kept: SQLite or PostgreSQL, and the steps from one schema to the next."""
