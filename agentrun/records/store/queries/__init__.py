"""Queries for calls, and their SQL."""
