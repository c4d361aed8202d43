"""A call's variables: values for prompts, flows and the record."""
