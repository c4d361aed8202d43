"""The pydantic models of a spec, one module per top-level key."""
