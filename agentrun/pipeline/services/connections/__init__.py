"""Connections to providers: streaming, retries, and detecting dead peers."""
