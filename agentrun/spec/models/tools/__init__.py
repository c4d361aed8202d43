"""The keys of ``tools:`` and of what is read from their results and from what the caller says."""
