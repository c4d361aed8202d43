"""What a call finds out: values for prompts, flows and the record."""
