"""What may stand in a spec: the pydantic models, one file a top-level key."""
