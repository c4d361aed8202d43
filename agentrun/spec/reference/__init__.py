"""The spec's keys for editors and people: JSON Schema, Markdown, and drawings of flows."""
