"""The arguments of a tool: their schema, and their validation."""
