"""What a model gives a tool: its schema, and the check of what has come."""
