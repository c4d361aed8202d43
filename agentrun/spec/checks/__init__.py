"""Checks beyond types: combinations, speakable text, secrets."""
