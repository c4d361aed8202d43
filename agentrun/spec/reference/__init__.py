"""Documentation of the spec's keys: JSON Schema, Markdown, and drawings of flows."""
