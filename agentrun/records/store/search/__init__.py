"""The index by which a store finds calls by what stands inside their records."""
