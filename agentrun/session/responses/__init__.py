"""Answers that are owed: their deadlines, providers that fail or go deaf, and callers who say nothing."""
