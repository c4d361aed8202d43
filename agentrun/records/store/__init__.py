"""The record store: SQLite or PostgreSQL, and its schema migrations."""
